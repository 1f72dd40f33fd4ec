// Where more processes run at once than can be followed: how many were left out is said, in the JSON, as
// a warning and in the totals.

import { expect } from 'bun:test';
import { jsonLines, processMetadata } from '@waggle/core';
import { openSession } from '@waggle/core/session';
import * as Effect from 'effect/Effect';
import { isUntracked, type TraceEvent } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';

const ROOM = 4;
const CHILDREN = 40;

kernelTest('processes that there was no room for are counted, not silently missing', async () => {
  let text = '';
  const warnings: string[] = [];
  const untracked = await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const session = yield* openSession({
          trackProcessLifecycle: true,
          launcher: process.pid,
          trackedProcesses: ROOM,
          onPluginProblem: ({ message }) => warnings.push(message),
          plugins: [
            processMetadata(),
            jsonLines({
              write: (lines) => {
                text += lines;
              },
            }),
          ],
        });
        const children = `for i in $(seq ${CHILDREN}); do sleep 60 & done; kill $(jobs -p); wait`;
        Bun.spawn(['bash', '-c', children]).exited.then(() => session.stop());
        yield* session.run;
        return session.totals().untracked;
      }),
    ),
  );
  expect(untracked).toBeGreaterThanOrEqual(CHILDREN - ROOM);
  const events = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TraceEvent);
  const said = events.filter(isUntracked).reduce((sum, { count }) => sum + count, 0);
  expect(said).toBe(untracked);
  expect(warnings.filter((message) => message.includes('not followed')).length).toBe(1);
});
