/** `waggle agent`: a session whose events and samples go to outputs, until a signal ends it. */

import { RealProcfs } from '@waggle/cache';
import { Profiler, type ProfilerService } from '@waggle/core/plugins/cpu-profiler';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { LIKELY_SECRETS } from '@waggle/core/plugins/redaction';
import { openSession } from '@waggle/core/session';
import { clockNanoseconds } from '@waggle/ffi';
import { EventMetrics, type Metric, ownerFrames } from '@waggle/serve';
import { StoreError, type StoreWriter } from '@waggle/store';
import { printable } from '@waggle/text';
import * as Effect from 'effect/Effect';
import { FAILED } from '../../exit-code.ts';
import { describeBy } from '../../live-session/describe.ts';
import { type LiveSettings, liveSession } from '../../live-session/live-session.ts';
import { ProgramText } from '../../live-session/program-text.ts';
import { runToExitCode, scoped, stopAfter } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { connect, listen, openPage, openStore } from './agent-parts.ts';
import { BootClock } from './boot-clock.ts';
import { checkedSettings } from './checked-settings.ts';
import { Collections } from './collections.ts';
import { fileSchema } from './file-settings.ts';
import type { Health } from './health.ts';
import type { AgentOptions, AgentSettings } from './options.ts';
import { type AgentOutput, otlpOutput, selfMetrics, storeOutput } from './outputs.ts';
import { raisePriority } from './priority.ts';
import { ProfileSpans } from './profile-spans.ts';
import { runningProcesses } from './running.ts';
import { SelfLimits } from './self-limits.ts';
import { ServiceManager, takeManager } from './service-manager.ts';
import { AgentSignals } from './signals.ts';

/** Commits take some ms, in which a storm has room. */
const RING_BYTES = 8 * 1024 * 1024;
const TICK_MS = 10_000;
/** Nobody watches live, so events may wait; with the commit's quarter of a second a kill costs less than a second. */
const LATENCY_MS = 500;
/** For the names of the last span, once it is to end. */
const NAMING_MS = 5000;
/** Up to this rate a second's samples have room where they wait. */
const THRIFTY_HZ = 25;

export async function runAgent(options: AgentOptions): Promise<number> {
  if (options.schema === true) {
    await new Output().write(`${JSON.stringify(fileSchema(), undefined, 2)}\n`);
    return 0;
  }
  const checked = checkedSettings(options);
  if ('problem' in checked) {
    say(checked.problem);
    return checked.exitCode;
  }
  const { settings, token } = checked;
  try {
    const running = Effect.scoped(agent(options, settings, token));
    return await runToExitCode(
      Effect.catchTag(running, 'AgentNotStarted', ({ message }) =>
        Effect.sync(() => {
          say(message);
          return FAILED;
        }),
      ),
    );
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
  raisePriority();
  const clock = new BootClock();
  const events = new EventMetrics();
  const outputs: AgentOutput[] = [];
  let limits: SelfLimits | undefined;
  const metrics = (): Metric[] => [
    ...events.metrics(),
    ...outputs.flatMap((output) => output.metrics()),
    ...(limits?.metrics() ?? []),
    ...selfMetrics(),
  ];
  const store = yield* openStore(settings, clock);
  if (store !== undefined) outputs.push(storeOutput(store));
  const exporter = yield* connect(settings);
  if (exporter !== undefined) outputs.push(otlpOutput(exporter, metrics));
  const session = yield* openSession(
    sessionOf(settings, patterns, {
      onEvents: (batch) => {
        events.add(batch);
        for (const output of outputs) output.addEvents(batch);
      },
      onReadUntil: (bootTime) => {
        for (const output of outputs) output.readUntil?.(bootTime);
      },
    }),
  );
  const { native } = session.kernel;
  clock.useKernel(native);
  const describe = describeBy(session.service(ProcessMetadata));
  // From here on the kernel's events are all there, and none of them has been read.
  const openedAt = clockNanoseconds(native, 'boottime');
  store?.begin(runningProcesses(new RealProcfs(), describe, patterns));
  store?.readUntil(openedAt);
  yield* scoped(() => new Ticks(outputs));
  yield* scoped(() => new Collections(events));
  const service = yield* scoped(() => new ServiceManager(native, manager));
  yield* scoped(() => new ProgramText(() => native.releaseProgramText()));
  const health = yield* listen(settings, token, metrics);
  const collect = () => Effect.runPromise(session.collect);
  const spans = yield* scoped(() => new ProfileSpans(outputs, collect));
  const page = yield* openPage(settings, token, session, spans);
  if (page !== undefined) outputs.push(page.output);
  const watched = watchedText(settings, health, page?.url);
  const selfLimits = yield* scoped(() => {
    const profiler = session.service(Profiler);
    const onStatus = (status: string | undefined) => service.status(status ?? watched);
    const release = () => {
      Bun.gc(true);
      native.releaseProgramText();
    };
    return new SelfLimits(
      { session, store, profiler, onStatus, release, frequencyHz: settings.frequency },
      settings.budget,
    );
  });
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
  yield* Effect.promise(() => lastSpan(spans, session.service(Profiler)));
  selfLimits.finish();
  exporter?.addMetrics(metrics());
  if (store !== undefined) finishStore(store, settings);
  return 0;
});

/** Events without their details, and samples of the whole host, as sparely as may be: it runs for months. */
function sessionOf(
  { frequency }: AgentSettings,
  redact: readonly RegExp[],
  observer: Pick<LiveSettings, 'onEvents' | 'onReadUntil'>,
) {
  return liveSession({
    frequency,
    launcher: false,
    pids: undefined,
    sampling: { rootFrames: ownerFrames, thrifty: frequency <= THRIFTY_HZ },
    execDetail: false,
    redact,
    ringBytes: RING_BYTES,
    latencyMs: LATENCY_MS,
    // Samples say by themselves whose they are.
    endedAreKnown: false,
    ...observer,
    onProblem: (message) => say(`warning: ${message}`),
  });
}

/** Without the names that are not there in time: the host may have no time for us, and who ends us waits. */
async function lastSpan(spans: ProfileSpans, profiler: ProfilerService | undefined): Promise<void> {
  const timer = setTimeout(() => {
    profiler?.endNaming();
    say('warning: the last seconds of the profile lack names that would have taken too long');
  }, NAMING_MS);
  await spans.finish();
  clearTimeout(timer);
}

function finishStore(store: StoreWriter, settings: AgentSettings): void {
  store.flush();
  say(
    `${store.written} processes kept in ${printable(settings.store ?? '')}; \`waggle history\` shows them`,
  );
}

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
