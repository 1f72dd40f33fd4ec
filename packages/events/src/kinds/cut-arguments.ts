/**
 * Which arguments of an event lack their end. Records say that something was cut, and where follows
 * from how they are made: exec copies all arguments as one block up to a bound, a failed exec each
 * argument up to one of its own.
 */

import { recordBounds } from '@waggle/bpf';
import { bytesOf } from '@waggle/text';
import type { ExecEvent, ExitEvent, FailedExecEvent } from './process-event.ts';

/** Without its NUL. */
const FAILED_ARGUMENT_BYTES = recordBounds.FAILED_ARGUMENT_BYTES - 1;

/**
 * A predicate over indices of `argv`. Where a cut fell between two arguments, the one before it is
 * named too: nothing tells it from a cut one.
 */
export function cutArguments(
  event: Pick<ExecEvent | ExitEvent | FailedExecEvent, 'event' | 'argv' | 'argvTruncated'>,
): (index: number) => boolean {
  const { argv, argvTruncated } = event;
  if (argv === null || !argvTruncated) return () => false;
  const last = argv.length - 1;
  if (event.event !== 'failed-exec') return (index) => index === last;
  return (index) => bytesOf(argv[index] ?? '').length >= FAILED_ARGUMENT_BYTES;
}
