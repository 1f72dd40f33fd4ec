/** `waggle agent`: a session whose events and samples go to outputs, until a signal ends it. */

import { readFileSync } from 'node:fs';
import { RealProcfs } from '@waggle/cache';
import { Profiler } from '@waggle/core/plugins/cpu-profiler';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { LIKELY_SECRETS } from '@waggle/core/plugins/redaction';
import { openSession } from '@waggle/core/session';
import { bootToRealtimeOffset } from '@waggle/ffi';
import { OtlpOptionError, OtlpTarget } from '@waggle/otlp';
import { EventMetrics, isLoopback, type Metric, ownerFrames } from '@waggle/serve';
import { StoreError, StoreWriter } from '@waggle/store';
import { printable } from '@waggle/text';
import * as Effect from 'effect/Effect';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { describeBy } from '../../live-session/describe.ts';
import { liveSession } from '../../live-session/live-session.ts';
import { whyNotListening } from '../../options/listen.ts';
import { runToExitCode, scoped, stopAfter } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { tokenOf } from '../serve/token.ts';
import { Collections } from './collections.ts';
import { BadAgentConfig, settingsOf } from './config.ts';
import { fileSchema } from './file-settings.ts';
import { openExporter } from './fleet.ts';
import { type Health, serveHealth } from './health.ts';
import { openLivePage } from './live-page.ts';
import type { AgentOptions, AgentSettings } from './options.ts';
import { type AgentOutput, otlpOutput, selfMetrics, storeOutput } from './outputs.ts';
import { ProfileSpans } from './profile-spans.ts';
import { runningProcesses } from './running.ts';
import { SelfLimits } from './self-limits.ts';
import { ServiceManager, takeManager } from './service-manager.ts';
import { AgentSignals } from './signals.ts';

/** Commits take some ms, in which a storm has room. */
const RING_BYTES = 8 * 1024 * 1024;
const TICK_MS = 10_000;
/** Nobody looks at what happens now, and the store commits as often: less than the second that a kill may cost. */
const LATENCY_MS = 800;
/** Up to this rate a second's samples have room where they wait. */
const THRIFTY_HZ = 25;
/** The clock of now is asked again after so long. */
const BOOT_MS = 1000;
/** What only the start has run of the runtime's code is given back after it. */
const STARTED_MS = 5000;

export async function runAgent(options: AgentOptions): Promise<number> {
  if (options.schema === true) {
    await new Output().write(`${JSON.stringify(fileSchema(), undefined, 2)}\n`);
    return 0;
  }
  let settings: AgentSettings;
  try {
    settings = settingsOf(options);
    // Its files are read, and what is wrong with it is said at once.
    if (settings.otlp !== undefined) new OtlpTarget(settings.otlp.target);
  } catch (error) {
    if (!(error instanceof BadAgentConfig || error instanceof OtlpOptionError)) throw error;
    say(printable(error.message));
    return USAGE_ERROR;
  }
  const { metrics, tokenFile } = settings;
  if (metrics !== undefined && tokenFile === undefined && !isLoopback(metrics.hostname)) {
    say(
      `${metrics.hostname} can be reached from other machines: give a --token-file, which Prometheus sends as its bearer token, or listen on 127.0.0.1`,
    );
    return USAGE_ERROR;
  }
  if (settings.serve !== undefined && tokenFile === undefined) {
    say(
      '--serve needs a --token-file, which is made where it is not there: other users of this host are to see no more than they may',
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
  const manager = takeManager(process.env, process.pid);
  const events = new EventMetrics();
  const outputs: AgentOutput[] = [];
  let limits: SelfLimits | undefined;
  const metrics = (): Metric[] => [
    ...events.metrics(),
    ...outputs.flatMap((output) => output.metrics()),
    ...(limits?.metrics() ?? []),
    ...selfMetrics(),
  ];
  /** Of the clock of now, once there is a session to ask it with. */
  let bootNs = () => BigInt(Math.round(Date.now() - uptimeMs())) * 1_000_000n;
  const opened =
    settings.store === undefined ? undefined : openStore(settings.store, settings, () => bootNs());
  if (typeof opened === 'string') {
    say(opened);
    return FAILED;
  }
  const store = opened === undefined ? undefined : yield* scoped(() => opened);
  if (store !== undefined) outputs.push(storeOutput(store));
  const exporter = settings.otlp === undefined ? undefined : openExporter(settings.otlp);
  if (typeof exporter === 'string') {
    say(exporter);
    return FAILED;
  }
  if (exporter !== undefined) {
    yield* Effect.addFinalizer(() => Effect.promise(() => exporter.close()));
    outputs.push(otlpOutput(exporter, metrics));
  }
  const session = yield* openSession(
    liveSession({
      frequency: settings.frequency,
      launcher: false,
      pids: undefined,
      sampling: {
        rootFrames: ownerFrames,
        thrifty: settings.frequency <= THRIFTY_HZ,
      },
      execDetail: false,
      redact: patterns,
      ringBytes: RING_BYTES,
      latencyMs: LATENCY_MS,
      onEvents: (batch) => {
        events.add(batch);
        for (const output of outputs) output.addEvents(batch);
      },
      onProblem: (message) => say(`warning: ${message}`),
    }),
  );
  let [boot, bootReadAt] = [0n, Number.NEGATIVE_INFINITY];
  bootNs = () => {
    const now = performance.now();
    if (now - bootReadAt > BOOT_MS) {
      boot = bootToRealtimeOffset(session.kernel.native);
      bootReadAt = now;
    }
    return boot;
  };
  const describe = describeBy(session.service(ProcessMetadata));
  store?.begin(runningProcesses(new RealProcfs(), describe, patterns));
  yield* scoped(() => new Ticks(outputs));
  yield* scoped(() => new Collections(events));
  const { native } = session.kernel;
  const service = yield* scoped(() => new ServiceManager(native, manager));
  yield* stopAfter(STARTED_MS / 1000, () => native.releaseProgramText());
  const health = listen(settings, token, metrics);
  if (typeof health === 'string') {
    say(health);
    return FAILED;
  }
  if (health !== undefined) yield* scoped(() => health);
  const spans = yield* scoped(
    () => new ProfileSpans(outputs, () => Effect.runPromise(session.collect)),
  );
  const { serve, reveal, frequency } = settings;
  const page = serve && openLivePage(serve, token ?? '', reveal, session, spans, frequency);
  if (typeof page === 'string') {
    say(page);
    return FAILED;
  }
  if (page !== undefined) {
    yield* Effect.addFinalizer(() => Effect.promise(() => page[Symbol.asyncDispose]()));
    outputs.push(page.output);
  }
  const watched = watchedText(settings, health, page?.url);
  const selfLimits = yield* scoped(
    () =>
      new SelfLimits(
        {
          ...{ session, store, profiler: session.service(Profiler) },
          onStatus: (status) => service.status(status ?? watched),
          release: () => {
            Bun.gc(true);
            native.releaseProgramText();
          },
        },
        settings.budget,
      ),
  );
  limits = selfLimits;
  const stop = () => {
    selfLimits[Symbol.dispose]();
    service.stopping();
    session.stop();
  };
  const onReload = (isBegin: boolean) => (isBegin ? service.reloading() : service.reloaded());
  // Before it is said: who hears that may end it at once.
  yield* scoped(
    () => new AgentSignals({ options, store, exporter, limits: selfLimits, onReload }, stop),
  );
  say(`ready: ${watched}`);
  if (options.duration !== undefined) yield* stopAfter(options.duration, stop);
  service.ready(watched);
  yield* session.run;
  yield* Effect.promise(() => spans.finish());
  selfLimits.finish();
  exporter?.addMetrics(metrics());
  if (store !== undefined) {
    store.flush();
    say(
      `${store.written} processes kept in ${printable(settings.store ?? '')}; \`waggle history\` shows them`,
    );
  }
  return 0;
});

/** What it does, where to, and where that is to be seen. */
function watchedText(
  { store, frequency, keepSeconds, otlp }: AgentSettings,
  health: Health | undefined,
  page: string | undefined,
): string {
  const what = `processes and a profile at ${frequency} Hz`;
  const parts = [
    store === undefined
      ? `watching ${what}`
      : `keeping ${what} in ${printable(store)}, for ${Math.round(keepSeconds / 3600)} h at most`,
    ...(otlp === undefined
      ? []
      : [`${otlp.signals.join(', ')} to ${printable(new URL(otlp.target.endpoint).host)}`]),
    ...(health === undefined ? [] : [`metrics at ${health.url}`]),
    ...(page === undefined ? [] : [`the page at ${page}`]),
  ];
  return parts.join('; ');
}

function openStore(
  directory: string,
  { keepSeconds, maxBytes }: AgentSettings,
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
  metrics: () => readonly Metric[],
): Health | string | undefined {
  if (address === undefined) return undefined;
  try {
    return serveHealth({ address, token, metrics });
  } catch (error) {
    return whyNotListening(address, error);
  }
}

const uptimeMs = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;

/** What outputs do every ten seconds, and at the beginning. */
class Ticks implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(outputs: readonly AgentOutput[]) {
    const tick = () => {
      for (const output of outputs) output.tick?.();
    };
    tick();
    this.#timer = setInterval(tick, TICK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
