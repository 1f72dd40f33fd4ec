// The other thread of watchdog.ts.

import { write } from 'node:fs';
import { AT_WORK, CALLS, type WatchdogOrder } from './watchdog-shared-memory.ts';

const STDERR = 2;
/** How long a reader of what it says is waited for. */
const PATIENCE_MS = 1000;

function watch({ words, names, timeoutMs }: WatchdogOrder): void {
  let call = -1;
  let since = performance.now();
  const timer = setInterval(
    () => {
      const atWork = Atomics.load(words, AT_WORK);
      const current = Atomics.load(words, CALLS);
      if (atWork === 0 || current !== call) {
        call = current;
        since = performance.now();
        return;
      }
      if (performance.now() - since < timeoutMs) return;
      const name = names[atWork - 1] ?? 'unknown';
      clearInterval(timer);
      const end = () => process.kill(process.pid, 'SIGKILL');
      setTimeout(end, PATIENCE_MS);
      // By another thread: nobody may read it.
      write(
        STDERR,
        `waggle: plugin "${name}" does not return from a handler: nothing else can run, so this process ends. Events until now were delivered.\n`,
        end,
      );
    },
    Math.min(500, timeoutMs / 4),
  );
}

addEventListener('message', (message) => watch((message as MessageEvent<WatchdogOrder>).data));
