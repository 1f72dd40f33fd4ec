/** Answers that cost something are made once for all that ask for the same. */

import type { Span } from '../store/span.ts';
import type { Api } from './api.ts';

/** Once for all that ask for the same. */
export async function computed(
  api: Api,
  key: string,
  make: () => string | Uint8Array | Promise<string | Uint8Array>,
): Promise<Uint8Array> {
  return api.answers.get(key, async () => {
    const leave = api.computing.take();
    try {
      // Others get their turn before each of them.
      await Bun.sleep(0);
      return await make();
    } finally {
      leave();
    }
  });
}

/** @param what the kind of answer */
export function keyOf(what: string, span: Span, parameters: URLSearchParams): string {
  const rest = ['pid', 'start', 'theme'].map((name) => parameters.get(name) ?? '');
  return `${what} ${span.from} ${span.to} ${rest.join(' ')}`;
}
