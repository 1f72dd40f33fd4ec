/** What pages' scripts take of each frame, from a trace of the browser (the trace event format of chrome://tracing). */

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** CPU time: what the thread waited for another is not in it. */
  readonly tdur?: number;
  readonly args?: {
    readonly name?: string;
    readonly data?: { readonly functionName?: string; readonly url?: string };
  };
}

export interface ScriptFrame {
  /** Milliseconds of script. */
  readonly ms: number;
  /** What ran, the longest first: `5.2 ms FunctionCall draw of /page.js`. */
  readonly parts: readonly string[];
}

export interface ScriptFrames {
  /** Milliseconds of script in each frame that had any, ascending. */
  readonly ms: readonly number[];
  /** The longest ones. */
  readonly longest: readonly ScriptFrame[];
  /** Those that did not say whose main thread they are are left out. */
  readonly threads: number;
}

/** What a browser records for it. */
export const TRACE_CATEGORIES = [
  '-*',
  'devtools.timeline',
  'disabled-by-default-devtools.timeline.frame',
  'devtools.timeline.frame',
  'v8',
];

/** JavaScript, and what runs for it. */
const SCRIPTS = new Set([
  'FunctionCall',
  'EvaluateScript',
  'v8.callFunction',
  'v8.run',
  'RunMicrotasks',
  'FireAnimationFrame',
  'TimerFire',
  'EventDispatch',
  'WebSocketReceive',
  'MinorGC',
  'MajorGC',
]);
const FRAME = 'BeginMainThreadFrame';
const MAIN_THREAD = 'CrRendererMain';
const US_PER_MS = 1000;
/** Frames, and parts of each, that are told of. */
const SHOWN = 4;
/** At 60 a second. */
const FRAME_US = 16_667;

export function scriptFrames(trace: string): ScriptFrames {
  const { traceEvents } = JSON.parse(trace) as { readonly traceEvents: readonly TraceEvent[] };
  const threads = new Map<string, TraceEvent[]>();
  const main = new Set<string>();
  for (const event of traceEvents) {
    const thread = `${event.pid}:${event.tid}`;
    if (event.ph === 'M' && event.name === 'thread_name' && event.args?.name === MAIN_THREAD)
      main.add(thread);
    if (event.name !== FRAME && !(event.ph === 'X' && SCRIPTS.has(event.name))) continue;
    const known = threads.get(thread);
    if (known === undefined) threads.set(thread, [event]);
    else known.push(event);
  }
  const ours = [...threads].filter(([thread]) => main.has(thread));
  const frames = ours.flatMap(([, events]) => framesOf(events)).sort((a, b) => a.us - b.us);
  return {
    ms: frames.map(({ us }) => us / US_PER_MS),
    longest: frames
      .slice(-SHOWN)
      .reverse()
      .map(({ us, events }) => ({ ms: us / US_PER_MS, parts: partsOf(events) })),
    threads: ours.length,
  };
}

/** What took the most of a frame. */
function partsOf(events: readonly TraceEvent[]): string[] {
  return events
    .toSorted((a, b) => cpuOf(b) - cpuOf(a))
    .slice(0, SHOWN)
    .map((event) => {
      const { functionName = '', url = '' } = event.args?.data ?? {};
      const path = URL.parse(url)?.pathname ?? '';
      return `${(cpuOf(event) / US_PER_MS).toFixed(1)} ms ${event.name} ${functionName} ${path}`.trim();
    });
}

const cpuOf = ({ tdur, dur = 0 }: TraceEvent): number => tdur ?? dur;

interface Frame {
  readonly us: number;
  readonly events: readonly TraceEvent[];
}

/** Of one thread: what is within something else counts once. Where nothing is to be drawn, a frame is as long as one. */
function framesOf(events: readonly TraceEvent[]): Frame[] {
  const ordered = events.toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const frames: Frame[] = [];
  let within: TraceEvent[] = [];
  let sum = 0;
  let began = Number.NEGATIVE_INFINITY;
  let until = 0;
  const close = (): void => {
    if (sum > 0) frames.push({ us: sum, events: within });
    within = [];
    sum = 0;
  };
  for (const event of ordered) {
    const { name, ts, dur = 0 } = event;
    if (ts < until) continue;
    if (name === FRAME || ts - began >= FRAME_US) {
      close();
      began = ts;
    }
    if (name === FRAME) continue;
    sum += cpuOf(event);
    within.push(event);
    until = ts + dur;
  }
  close();
  return frames;
}
