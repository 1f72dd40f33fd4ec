/** `waggle agent`: a session whose events and samples go to a store, until a signal ends it. */

import { readFileSync } from 'node:fs';
import { RealProcfs } from '@waggle/cache';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { LIKELY_SECRETS } from '@waggle/core/plugins/redaction';
import { openSession } from '@waggle/core/session';
import { bootToRealtimeOffset } from '@waggle/ffi';
import { EventMetrics, isLoopback, ownerFrames } from '@waggle/serve';
import { readHostState, StoreError, StoreWriter } from '@waggle/store';
import { printable } from '@waggle/text';
import * as Effect from 'effect/Effect';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { describeBy } from '../../live-session/describe.ts';
import { liveSession } from '../../live-session/live-session.ts';
import { whyNotListening } from '../../options/listen.ts';
import { heededSignals, runToExitCode, scoped, stopAfter } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { tokenOf } from '../serve/token.ts';
import { BadAgentConfig, settingsOf } from './config.ts';
import { type Health, serveHealth } from './health.ts';
import type { AgentOptions, AgentSettings } from './options.ts';
import { ProfileSpans } from './profile-spans.ts';
import { runningProcesses } from './running.ts';

/** Commits take some ms, in which a storm has room. */
const RING_BYTES = 8 * 1024 * 1024;
const HOST_STATE_MS = 10_000;
const COLLECTION_MS = 1000;
const COLLECTED_PROCESSES = 2000;

export async function runAgent(options: AgentOptions): Promise<number> {
  let settings: AgentSettings;
  try {
    settings = settingsOf(options);
  } catch (error) {
    if (!(error instanceof BadAgentConfig)) throw error;
    say(error.message);
    return USAGE_ERROR;
  }
  const { metrics, tokenFile } = settings;
  if (metrics !== undefined && tokenFile === undefined && !isLoopback(metrics.hostname)) {
    say(
      `${metrics.hostname} can be reached from other machines: give a --token-file, which Prometheus sends as its bearer token, or listen on 127.0.0.1`,
    );
    return USAGE_ERROR;
  }
  const found = tokenFile === undefined ? { token: undefined } : tokenOf(tokenFile);
  if ('problem' in found) {
    say(found.problem);
    return FAILED;
  }
  try {
    return await runToExitCode(Effect.scoped(agent(options, settings, found.token)));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    say(printable(error.message));
    return FAILED;
  }
}

const agent = Effect.fnUntraced(function* (
  options: AgentOptions,
  settings: AgentSettings,
  token: string | undefined,
) {
  const patterns = settings.reveal ? settings.redact : [...LIKELY_SECRETS, ...settings.redact];
  const events = new EventMetrics();
  /** Of the clock of now, once there is a session to ask it with. */
  let bootNs = () => BigInt(Math.round(Date.now() - uptimeMs())) * 1_000_000n;
  const opened = openStore(settings, () => bootNs());
  if (typeof opened === 'string') {
    say(opened);
    return FAILED;
  }
  const store = yield* scoped(() => opened);
  const session = yield* openSession(
    liveSession({
      frequency: settings.frequency,
      launcher: false,
      pids: undefined,
      sampling: { rootFrames: ownerFrames },
      execDetail: false,
      redact: patterns,
      ringBytes: RING_BYTES,
      onEvents: (batch) => {
        events.add(batch);
        store.addEvents(batch);
      },
      onProblem: (message) => say(`warning: ${message}`),
    }),
  );
  bootNs = () => bootToRealtimeOffset(session.kernel.native);
  const describe = describeBy(session.service(ProcessMetadata));
  store.begin(runningProcesses(new RealProcfs(), describe, patterns));
  yield* scoped(() => new HostStates(store));
  yield* scoped(() => new Collections(store));
  const health = listen(settings, token, store, events);
  if (typeof health === 'string') {
    say(health);
    return FAILED;
  }
  if (health !== undefined) yield* scoped(() => health);
  const { store: directory, frequency, keepSeconds } = settings;
  say(
    `ready: keeping processes and a profile at ${frequency} Hz in ${printable(directory)}, for ${Math.round(keepSeconds / 3600)} h at most${health === undefined ? '' : `; metrics at ${health.url}`}`,
  );
  yield* scoped(() => new AgentSignals(options, store, () => session.stop()));
  if (options.duration !== undefined) yield* stopAfter(options.duration, () => session.stop());
  const spans = yield* scoped(
    () => new ProfileSpans(store, () => Effect.runPromise(session.collect)),
  );
  yield* session.run;
  yield* Effect.promise(() => spans.finish());
  store.flush();
  say(`${store.written} processes kept in ${printable(directory)}; \`waggle history\` shows them`);
  return 0;
});

function openStore(
  { store: directory, keepSeconds, maxBytes }: AgentSettings,
  bootNs: () => bigint,
): StoreWriter | string {
  try {
    return new StoreWriter({
      directory,
      keepMs: keepSeconds * 1000,
      maxBytes,
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      bootNs,
      onProblem: (message) => say(`warning: ${printable(message)}`),
    });
  } catch (error) {
    if (error instanceof StoreError) return printable(error.message);
    throw error;
  }
}

function listen(
  { metrics: address }: AgentSettings,
  token: string | undefined,
  store: StoreWriter,
  events: EventMetrics,
): Health | string | undefined {
  if (address === undefined) return undefined;
  try {
    return serveHealth({ address, token, store, events });
  } catch (error) {
    return whyNotListening(address, error);
  }
}

const uptimeMs = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;

/** The state of the host, every ten seconds. */
class HostStates implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(store: StoreWriter) {
    this.#timer = setInterval(() => store.addHostState(readHostState(Date.now())), HOST_STATE_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/**
 * What was written is garbage, which the engine would let grow to twice the heap: it is collected for every few thousand
 * processes, some 20 ms of CPU.
 */
class Collections implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #collectedAt = 0;

  constructor(store: StoreWriter) {
    this.#timer = setInterval(() => {
      if (store.written - this.#collectedAt < COLLECTED_PROCESSES) return;
      this.#collectedAt = store.written;
      Bun.gc(true);
    }, COLLECTION_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** SIGHUP reads the file again, where there is one; every other signal ends. */
class AgentSignals implements Disposable {
  readonly #stop: () => void;
  readonly #reload: () => void;

  constructor(options: AgentOptions, store: StoreWriter, stop: () => void) {
    this.#stop = stop;
    this.#reload = () => (options.config === undefined ? stop() : reload(options, store));
    for (const signal of heededSignals())
      process.on(signal, signal === 'SIGHUP' ? this.#reload : this.#stop);
  }

  [Symbol.dispose](): void {
    for (const signal of heededSignals())
      process.off(signal, signal === 'SIGHUP' ? this.#reload : this.#stop);
  }
}

/** What can be changed meanwhile is how long and how much is kept. */
function reload(options: AgentOptions, store: StoreWriter): void {
  try {
    const { keepSeconds, maxBytes } = settingsOf(options);
    store.setLimits({ keepMs: keepSeconds * 1000, maxBytes });
    say(
      `${printable(options.config ?? '')} was read again: age and size hold from now on, the rest after a restart`,
    );
  } catch (error) {
    if (!(error instanceof BadAgentConfig)) throw error;
    say(`warning: nothing is changed: ${error.message}`);
  }
}
