/** A profile after each so many seconds of a recording, in files of their own beside the last one's. */

import type { Session } from '@waggle/core/session';
import type { Profile } from '@waggle/formats';
import * as Effect from 'effect/Effect';
import { outputsNamed, type ProfileOutputs, writeOutputs } from '../../profile-files/outputs.ts';
import { say } from '../../terminal/messages.ts';

/** In the background, until the scope is closed. */
export const profilesOverTime = Effect.fnUntraced(function* (
  session: Pick<Session, 'collect'>,
  outputs: ProfileOutputs,
  everySeconds: number,
  shown: (profile: Profile) => Profile,
) {
  let seconds = 0;
  const next = Effect.gen(function* () {
    yield* Effect.sleep(everySeconds * 1000);
    seconds += everySeconds;
    const profile = shown(yield* session.collect);
    const named = outputsNamed(outputs, `${Math.round(seconds * 1000) / 1000}s`);
    const written = yield* Effect.promise(() =>
      writeOutputs(named, profile, { withArguments: false }),
    );
    for (const problem of written.problems) say(problem);
  });
  yield* Effect.forkScoped(Effect.forever(next));
});
