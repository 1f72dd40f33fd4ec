/**
 * What bun-poll-thread.ts and its worker tell each other. They share two words: how often to poll,
 * and whether to end.
 */

export const TURN_WORD = 0;
export const END_WORD = 1;

export interface PollRequest {
  readonly epoll: number;
  readonly words: Int32Array<SharedArrayBuffer>;
}

/** The worker's one answer beside "ready": it could not start. */
export const FAILED = 'failed';
