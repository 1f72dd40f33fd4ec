/**
 * WAGGLE_LOG=debug: what was loaded, attached, refused and evicted, and when, as lines on stderr. The
 * places that publish, and the rule that no argument and no environment gets in, are in @waggle/ffi's
 * log.ts.
 */

import { LOG_CHANNELS, type LogAction, type LogEntry, writeToStderr } from '@waggle/ffi';
import { printable } from '@waggle/text';
import { BadOption } from '../errors/errors.ts';

let isOn = false;

/**
 * Writes every entry to stderr from now on, if `level` is `debug`. A second call changes nothing.
 * @throws BadOption for a level that there is not.
 */
export function startDebugLog(level: string | undefined, write = writeToStderr): void {
  if (level === undefined || level === '') return;
  if (level !== 'debug') {
    throw new BadOption({
      option: 'WAGGLE_LOG',
      message: `WAGGLE_LOG is "${level}"; it can be "debug", or not be set`,
    });
  }
  if (isOn) return;
  isOn = true;
  for (const action of Object.keys(LOG_CHANNELS) as LogAction[]) {
    LOG_CHANNELS[action].subscribe((entry) => write(lineOf(action, entry as LogEntry)));
  }
}

/** `waggle: 0.142 s: attached program handle_exec, method tp_btf`; seconds since the process started. */
export function lineOf(
  action: LogAction,
  { what, name, ...details }: LogEntry,
  ms = performance.now(),
): string {
  const more = Object.entries(details).flatMap(([key, value]) =>
    value === undefined ? [] : [`, ${key} ${value}`],
  );
  // Names of files are others' to choose.
  return `waggle: ${(ms / 1000).toFixed(3)} s: ${action} ${printable(`${what} ${name}${more.join('')}`)}\n`;
}
