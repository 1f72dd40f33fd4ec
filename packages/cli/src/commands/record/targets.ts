/** What a recording is of: a command, processes, or the whole host. Exactly one of them. */

import { commandLine } from '../../terminal/shell-words.ts';
import type { RecordOptions } from './options.ts';

export type RecordTarget =
  | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]] }
  | { readonly kind: 'processes'; readonly pids: readonly number[] }
  | { readonly kind: 'host' };

/** The target, or what is wrong with the request. */
export function chooseTarget(
  options: RecordOptions,
  command: readonly string[],
): RecordTarget | { readonly kind: 'mistake'; readonly message: string } {
  const [file, ...args] = command;
  const given = [file !== undefined, options.pid !== undefined, options.all === true];
  const count = given.filter(Boolean).length;
  if (count === 0)
    return {
      kind: 'mistake',
      message: 'say what to record: -- COMMAND, -p PID, or -a for the host',
    };
  if (count > 1) return { kind: 'mistake', message: 'give only one of -- COMMAND, -p PID and -a' };
  if (options.idle === true && options.all !== true)
    return {
      kind: 'mistake',
      message: '--idle shows CPUs that run no process, so it needs -a; leave it out here',
    };
  if (file !== undefined) return { kind: 'command', argv: [file, ...args] };
  if (options.pid !== undefined) return { kind: 'processes', pids: options.pid };
  return { kind: 'host' };
}

/** In words. Not the command's arguments: logs keep what is on stderr. */
export function describeTarget(target: RecordTarget): string {
  switch (target.kind) {
    case 'command':
      return commandLine(target.argv.slice(0, 1));
    case 'processes':
      return target.pids.length === 1
        ? `process ${target.pids[0]}`
        : `processes ${target.pids.join(', ')}`;
    case 'host':
      return 'every process on this host';
  }
}
