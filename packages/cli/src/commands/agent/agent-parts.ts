/** What an agent is made of beside its session: opened by its settings, closed with the scope. */

import type { Session } from '@waggle/core/session';
import { bootId } from '@waggle/ffi';
import type { Metric } from '@waggle/serve';
import { StoreError, StoreWriter, type StoreWriterOptions } from '@waggle/store';
import { printable } from '@waggle/text';
import * as Effect from 'effect/Effect';
import { whyNotListening } from '../../options/listen.ts';
import { scoped } from '../../run-effect.ts';
import { ownLibrary } from '../../store/own-library.ts';
import { say } from '../../terminal/messages.ts';
import type { BootClock } from './boot-clock.ts';
import { openExporter } from './fleet.ts';
import { type Health, serveHealth } from './health.ts';
import { openLivePage } from './live-page.ts';
import { expectOpen } from './not-started.ts';
import type { AgentSettings } from './options.ts';
import type { ProfileSpans } from './profile-spans.ts';

/** Where what is seen is kept. Fails with AgentNotStarted, as the others do. */
export const openStore = Effect.fnUntraced(function* (settings: AgentSettings, clock: BootClock) {
  const { store: directory, keepSeconds, maxBytes } = settings;
  if (directory === undefined) return undefined;
  const library = yield* Effect.promise(ownLibrary);
  const store = yield* expectOpen(
    storeIn(directory, { keepMs: keepSeconds * 1000, maxBytes, library }, clock),
  );
  return yield* scoped(() => store);
});

function storeIn(
  directory: string,
  given: Pick<StoreWriterOptions, 'keepMs' | 'maxBytes' | 'library'>,
  clock: BootClock,
): StoreWriter | string {
  try {
    return new StoreWriter({
      ...{ directory, ...given },
      bootId: bootId(),
      bootNs: () => clock.bootNs(),
      onProblem: (message) => say(`warning: ${printable(message)}`),
    });
  } catch (error) {
    if (error instanceof StoreError) return printable(error.message);
    throw error;
  }
}

/** The way to a receiver of OTLP. */
export const connect = Effect.fnUntraced(function* ({ otlp }: AgentSettings) {
  if (otlp === undefined) return undefined;
  const exporter = yield* expectOpen(openExporter(otlp));
  yield* Effect.addFinalizer(() => Effect.promise(() => exporter.close()));
  return exporter;
});

/** Metrics and health, for who asks. */
export const listen = Effect.fnUntraced(function* (
  { metrics: address }: AgentSettings,
  token: string | undefined,
  metrics: () => readonly Metric[],
) {
  if (address === undefined) return undefined;
  const health = yield* expectOpen(healthAt({ address, token, metrics }));
  return yield* scoped(() => health);
});

function healthAt(options: Parameters<typeof serveHealth>[0]): Health | string {
  try {
    return serveHealth(options);
  } catch (error) {
    return whyNotListening(options.address, error);
  }
}

/** The page of `waggle serve`. */
export const openPage = Effect.fnUntraced(function* (
  { serve, reveal, frequency }: AgentSettings,
  token: string | undefined,
  session: Session,
  spans: ProfileSpans,
) {
  if (serve === undefined) return undefined;
  const page = yield* expectOpen(
    openLivePage(serve, token ?? '', reveal, session, spans, frequency),
  );
  yield* Effect.addFinalizer(() => Effect.promise(() => page[Symbol.asyncDispose]()));
  return page;
});
