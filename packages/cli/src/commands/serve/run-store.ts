/** `waggle serve --store DIR`: the page and the API of what an agent has kept, until a signal ends it. */

import { hostname } from 'node:os';
import { onlineCpus } from '@waggle/ffi';
import { RecordedServer } from '@waggle/serve';
import { isDamage, type StoreReader } from '@waggle/store';
import { isSystemError } from '@waggle/symbols/system-error';
import packageJson from '../../../package.json' with { type: 'json' };
import { FAILED } from '../../exit-code.ts';
import { whyNotListening } from '../../options/listen.ts';
import { heededSignals } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { sayWhatIsKept, withStore } from '../history/with-store.ts';
import type { ServeOptions } from './options.ts';
import { tokenFor } from './token.ts';
import { warnOfListening } from './warn-of-listening.ts';

export async function runServeStore(options: ServeOptions, directory: string): Promise<number> {
  const found = tokenFor(options.tokenFile);
  if ('problem' in found) {
    say(found.problem);
    return FAILED;
  }
  return withStore(directory, (reader) => serveStore(options, reader, found.token));
}

async function serveStore(
  options: ServeOptions,
  reader: StoreReader,
  token: string,
): Promise<number> {
  if (reader.kept === undefined) {
    sayWhatIsKept(reader, '');
    return FAILED;
  }
  // Before the URL is said: who reads it may end it at once.
  const ended = Promise.withResolvers<void>();
  const end = () => ended.resolve();
  for (const signal of heededSignals()) process.on(signal, end);
  const listening = listen(options, reader, token);
  try {
    if (typeof listening === 'string') {
      say(listening);
      return FAILED;
    }
    await new Output().write(`${listening.url}\n`);
    warnOfListening(options.listen, options.allowHost);
    await ended.promise;
    await listening[Symbol.asyncDispose]();
    return 0;
  } finally {
    for (const signal of heededSignals()) process.off(signal, end);
  }
}

function wordsOf(error: unknown): string {
  if (isDamage(error))
    return 'a part of the store is damaged, and what is behind it cannot be shown';
  return error instanceof Error ? error.message : String(error);
}

/** The server, or in words why there is none. */
function listen(
  { listen: address, reveal, allowHost }: ServeOptions,
  reader: StoreReader,
  token: string,
): RecordedServer | string {
  try {
    return new RecordedServer({
      ...address,
      reader,
      token,
      allowedHosts: allowHost,
      host: hostname(),
      version: packageJson.version,
      cpus: onlineCpus().length,
      reveal,
      failed: (error) => say(`warning: ${wordsOf(error)}`),
    });
  } catch (error) {
    // Of the system, or of SQLite: a store that is damaged.
    if (!isSystemError(error)) throw error;
    return whyNotListening(address, error);
  }
}
