/** Names of signals as kill(1) has them. */

import { constants } from 'node:os';

/** Real-time signals as the kernel numbers them: signal(7). */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

const NAMES = new Map<number, string>();
// Several names share a number (SIGABRT, SIGIOT); the first is the usual one.
for (const [name, number] of Object.entries(constants.signals))
  if (!NAMES.has(number)) NAMES.set(number, name);

/** `SIGKILL` for 9, `SIGRTMIN+1` for 35, null for 0. */
export function signalName(signal: number): string | null {
  if (signal === 0) return null;
  const name = NAMES.get(signal);
  if (name !== undefined) return name;
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) return `SIGRTMIN+${signal - SIGRTMIN}`;
  return `SIG${signal}`;
}
