/** `waggle bpf build`: C to TypeScript by clang. Needs no rights and no kernel. */

import { relative } from 'node:path';
import {
  buildSource,
  CompileError,
  checkSource,
  type SourceBuild,
  SourceError,
} from '@waggle/bpf/build';
import { isSystemError } from '@waggle/symbols/system-error';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { say } from '../../terminal/messages.ts';
import type { BpfBuildOptions } from './options.ts';

export function runBpfBuild(
  files: readonly string[],
  { output, importFrom, check = false }: BpfBuildOptions,
): number {
  if (output !== undefined && files.length > 1) {
    say('-o names one module, and there are several C files: build them one by one');
    return USAGE_ERROR;
  }
  const build = check ? checkSource : buildSource;
  const codes = files.map((file) => {
    try {
      return told(file, build(file, { output, importFrom }), check);
    } catch (error) {
      return explained(error);
    }
  });
  return Math.max(0, ...codes);
}

function told(file: string, { output, isUpToDate }: SourceBuild, check: boolean): number {
  const module = relative(process.cwd(), output);
  if (isUpToDate) say(`${module} is up to date`);
  else if (check)
    say(`${module} is not what ${file} makes with this clang: waggle bpf build ${file}`);
  else say(`wrote ${module}`);
  return check && !isUpToDate ? FAILED : 0;
}

/** What one file's author has to mend. */
function explained(error: unknown): number {
  if (error instanceof SourceError) {
    say(error.message);
    return USAGE_ERROR;
  }
  if (error instanceof CompileError || isOfThePlace(error)) {
    say(error.message);
    return FAILED;
  }
  throw error;
}

/** What cannot be read or written there, which its author can mend. */
function isOfThePlace(error: unknown): error is Error {
  return isSystemError(error) && ['EACCES', 'ENOENT', 'EROFS'].includes(error.code);
}
