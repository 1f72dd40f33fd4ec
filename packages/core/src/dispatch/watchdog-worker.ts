/** The other thread of watchdog.ts. */

import { write } from 'node:fs';
import { AT_WORK, BEATS, CALLS, type WatchdogOrder } from './watchdog-shared-memory.ts';

const STDERR = 2;
/** How long a reader of what it says is waited for. */
const PATIENCE_MS = 1000;

/** Time outside of any plugin's call may be the session's own work, which is slow on a busy host. */
const TIMES_WITHOUT_CALL = 6;
/** So many looks make up the time: one that was stopped (SIGSTOP) has not looked meanwhile. */
const LOOKS = 4;
const LONGEST_LOOK_MS = 500;

function watch({ words, names, timeoutMs }: WatchdogOrder): void {
  const everyMs = Math.min(LONGEST_LOOK_MS, timeoutMs / LOOKS);
  let before = '';
  let looks = 0;
  const timer = setInterval(() => {
    const atWork = Atomics.load(words, AT_WORK);
    const calls = Atomics.load(words, CALLS);
    const now = `${atWork} ${calls} ${Atomics.load(words, BEATS)}`;
    if (now !== before) {
      before = now;
      looks = 0;
      return;
    }
    looks++;
    const patience = atWork === 0 ? TIMES_WITHOUT_CALL : 1;
    if (looks * everyMs < timeoutMs * patience) return;
    const name = names[atWork - 1];
    const who =
      name === undefined
        ? 'something that a plugin does beside its handlers (behind an await, in a timer) does not return'
        : `plugin "${name}" does not return from a handler`;
    clearInterval(timer);
    const end = () => process.kill(process.pid, 'SIGKILL');
    setTimeout(end, PATIENCE_MS);
    // By another thread: nobody may read it.
    write(
      STDERR,
      `waggle: ${who}: nothing else can run, so this process ends. Events until now were delivered.\n`,
      end,
    );
  }, everyMs);
}

addEventListener('message', (message) => watch((message as MessageEvent<WatchdogOrder>).data));
