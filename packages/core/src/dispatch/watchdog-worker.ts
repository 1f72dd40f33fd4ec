// The other thread of watchdog.ts.

import { writeSync } from 'node:fs';
import { AT_WORK, CALLS, type WatchdogOrder } from './watchdog-shared-memory.ts';

const STDERR = 2;

function watch({ words, names, timeoutMs }: WatchdogOrder): void {
  let call = -1;
  let since = performance.now();
  setInterval(
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
      writeSync(
        STDERR,
        `waggle: plugin "${name}" does not return from a handler: nothing else can run, so this process ends. Events until now were delivered.\n`,
      );
      process.kill(process.pid, 'SIGKILL');
    },
    Math.min(500, timeoutMs / 4),
  );
}

addEventListener('message', (message) => watch((message as MessageEvent<WatchdogOrder>).data));
