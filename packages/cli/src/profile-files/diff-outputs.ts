/** Where a difference goes: one file per -o, its format by the extension, as in outputs.ts. */

import {
  type DiffFormat,
  type DiffPictureOptions,
  diffFormatForPath,
  diffFormats,
  type ProfileDiff,
} from '@waggle/formats';
import { OutputFailed, writeOutputFile } from './output-file.ts';
import { inWords } from './output-place.ts';
import { hasArguments } from './outputs.ts';

export interface DiffOutput {
  readonly path: string;
  readonly format: DiffFormat;
}

/** The outputs, or what is wrong with one of them. */
export function planDiffOutputs(paths: readonly string[]): DiffOutput[] | string {
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
