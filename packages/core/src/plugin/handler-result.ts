/** What a handler of a plugin may return. */

import type * as Effect from 'effect/Effect';

/**
 * Nothing for synchronous work, which is the quick way. An Effect or a promise is waited for before
 * the plugin gets its next event; the other plugins go on.
 */
export type HandlerResult = void | PromiseLike<void> | Effect.Effect<void, unknown>;
