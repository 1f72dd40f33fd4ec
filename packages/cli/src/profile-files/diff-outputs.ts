/** Where a difference goes: one file per -o, its format by the extension, as in outputs.ts. */

import {
  type DiffFormat,
  type DiffPictureOptions,
  diffFormatForPath,
  diffFormats,
  type ProfileDiff,
} from '@waggle/formats';
import { FAILED, USAGE_ERROR } from '../exit-code.ts';
import { say } from '../terminal/messages.ts';
import { OutputFailed, writeOutputFile } from './output-file.ts';
import { inWords } from './output-place.ts';
import { hasArguments, unwritable } from './outputs.ts';

export interface DiffOutput {
  readonly path: string;
  readonly format: DiffFormat;
}

/** Where a command writes its difference to; its exit code where that cannot be, after it was said why. */
export function diffOutputsFor(paths: readonly string[] = []): readonly DiffOutput[] | number {
  const outputs = planDiffOutputs(paths);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const unreachable = unwritable(outputs);
  if (unreachable === undefined) return outputs;
  say(unreachable);
  return FAILED;
}

/** The outputs, or what is wrong with one of them. */
function planDiffOutputs(paths: readonly string[]): DiffOutput[] | string {
  const outputs: DiffOutput[] = [];
  for (const path of paths) {
    const format = diffFormatForPath(path);
    if (format === undefined) {
      const known = diffFormats.flatMap(({ extensions }) => extensions).join(', ');
      return `${path}: differences are written as ${known}`;
    }
    outputs.push({ path, format });
  }
  return outputs;
}

/** Writes them all, even when one fails; returns what went wrong. */
export async function writeDiffOutputs(
  outputs: readonly DiffOutput[],
  diff: ProfileDiff,
  options: DiffPictureOptions,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { path, format } of outputs) {
    try {
      const isPrivate = [options.before, options.after].some(
        (metadata) => metadata !== undefined && hasArguments({ metadata }),
      );
      await writeOutputFile(path, format.encode(diff, options), { isPrivate });
    } catch (error) {
      problems.push(error instanceof OutputFailed ? error.message : inWords(path, error));
    }
  }
  return problems;
}
