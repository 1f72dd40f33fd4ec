/** From the history of a recording to the columns of its page. */

import { criticalPath } from '../processes/critical-path.ts';
import { type Family, familyOf } from '../processes/family.ts';
import type { ProcessHistory, ProcessRecord } from '../processes/history.ts';
import { lanesOf } from '../processes/lanes.ts';
import { type Columns, type PageData, STATE } from './page-data.ts';

const NANOSECONDS = 1000;

type PackedData = PageData<readonly number[]>;
type Packed<Of extends 'images' | 'failures'> = Columns<Of, readonly number[]>;

/** Numbers for texts, each once. */
class Interned<Value> {
  readonly values: Value[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #keyOf: (value: Value) => string;

  constructor(keyOf: (value: Value) => string) {
    this.#keyOf = keyOf;
  }

  of(value: Value | null): number {
    if (value === null) return -1;
    const key = this.#keyOf(value);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}

const same = (text: string) => text;

/** In steps, since ten thousand processes take some ten milliseconds each: whoever has others to answer goes on later. */
export function* packingSteps(history: ProcessHistory): Generator<void, PackedData> {
  const family = familyOf(history);
  yield;
  const { processes, parent, start, end } = family;
  const lane = lanesOf(family);
  yield;
  const { own } = criticalPath(family);
  yield;
  const names = new Interned<string>(same);
  const texts = new Interned<string>(same);
  const commands = new Interned<readonly string[]>((words) => words.join('\0'));
  const lists = new Interned<readonly number[]>((numbers) => numbers.join());
  const micro = (value: number | null | undefined) =>
    value === null || value === undefined ? -1 : Math.round(value / NANOSECONDS);
  const column = <Value>(of: (process: ProcessRecord, at: number) => Value) => processes.map(of);
  const known = (value: number | null | undefined) => value ?? -1;
  const begins = column((_, at) => Math.round((start[at] as number) / NANOSECONDS));
  const images = imagesOf(family, names, texts, commands, lists);
  yield;
  return {
    beganAt: Number((history.beganAt ?? 0n) / 1_000_000n),
    duration: micro(history.lastAt),
    processes: {
      pid: column(({ pid }) => pid),
      parent: [...parent],
      name: column(({ comm }) => names.of(comm)),
      start: begins,
      length: column((_, at) => Math.round((end[at] as number) / NANOSECONDS) - (begins[at] ?? 0)),
      lane: [...lane],
      uid: column(({ uid }) => known(uid)),
      container: column(({ containerId }) => texts.of(containerId)),
      state: column(stateOf),
      exitCode: column((each) => known(each.end?.exitCode)),
      signal: column((each) => texts.of(each.end?.signal ?? null)),
      user: column((each) => micro(each.end?.userNs)),
      system: column((each) => micro(each.end?.systemNs)),
      memory: column((each) => known(each.end?.maxRssBytes)),
      majorFaults: column((each) => known(each.end?.majorFaults)),
      readBytes: column((each) => known(each.end?.readBytes)),
      writeBytes: column((each) => known(each.end?.writeBytes)),
      critical: column((_, at) => micro(own[at])),
    },
    images,
    failures: failuresOf(family, texts, commands),
    names: names.values,
    texts: texts.values,
    commands: commands.values,
    lists: lists.values,
  };
}

export function packHistory(history: ProcessHistory): PackedData {
  const steps = packingSteps(history);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function stateOf({ end, isRecorded }: ProcessRecord): number {
  if (!isRecorded) return STATE.context;
  if (end === undefined) return STATE.running;
  if (end.signal !== null) return STATE.killed;
  return end.exitCode === 0 ? STATE.ok : STATE.failed;
}

function imagesOf(
  { processes }: Family,
  names: Interned<string>,
  texts: Interned<string>,
  commands: Interned<readonly string[]>,
  lists: Interned<readonly number[]>,
): Packed<'images'> {
  const all = processes.flatMap(({ images }, process) =>
    images.map((image) => ({ process, image })),
  );
  const listOf = (each: readonly string[] | null): number =>
    lists.of(each?.map((text) => texts.of(text)) ?? null);
  return {
    process: all.map(({ process }) => process),
    at: all.map(({ image }) => Math.round(image.at / NANOSECONDS)),
    name: all.map(({ image }) => names.of(image.comm)),
    filename: all.map(({ image }) => texts.of(image.filename)),
    command: all.map(({ image }) => commands.of(image.argv)),
    isCut: all.map(({ image }) => Number(image.isCut)),
    cwd: all.map(({ image }) => texts.of(image.cwd)),
    environ: all.map(({ image }) => listOf(image.environ)),
    stdio: all.map(({ image }) => listOf(image.stdio)),
  };
}

function failuresOf(
  { processes }: Family,
  texts: Interned<string>,
  commands: Interned<readonly string[]>,
): Packed<'failures'> {
  const all = processes.flatMap(({ failures }, process) =>
    failures.map((failure) => ({ process, failure })),
  );
  return {
    process: all.map(({ process }) => process),
    at: all.map(({ failure }) => Math.round(failure.at / NANOSECONDS)),
    error: all.map(({ failure }) => texts.of(failure.error)),
    filename: all.map(({ failure }) => texts.of(failure.filename)),
    command: all.map(({ failure }) => commands.of(failure.argv)),
  };
}
