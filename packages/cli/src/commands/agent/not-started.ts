/** What keeps an agent from starting, in words for people: a file, a port or a receiver that it cannot have. */

import * as Data from 'effect/Data';
import * as Effect from 'effect/Effect';

export class AgentNotStarted extends Data.TaggedError('AgentNotStarted')<{
  readonly message: string;
}> {}

/** What was opened; or fails with why it was not, which is the text in its place. */
export function expectOpen<Opened>(
  opened: Exclude<Opened, string> | string,
): Effect.Effect<Exclude<Opened, string>, AgentNotStarted> {
  return typeof opened === 'string'
    ? Effect.fail(new AgentNotStarted({ message: opened }))
    : Effect.succeed(opened);
}
