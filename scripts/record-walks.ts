// Remakes packages/profiler/test/recorded-walks: what BPF hands over of functions of interpreted programs, as bytes, and the
// words of stacks that stand for them. As root, with the interpreters that tests use:
//
//   bun scripts/record-walks.ts [NAME ...]
//
// Each program is of tests/workloads. What a fixture's frames are is told by recorded-walks.test.ts, from their sources.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { codeName, inlinedCode } from '../packages/bpf/src/index.ts';
import { cpuProfiler, createAgent, definePlugin, Profiler } from '../packages/core/src/index.ts';
import { RingBuffer } from '../packages/ffi/src/index.ts';
import { CodeNames } from '../packages/profiler/src/interpreters/code-names.ts';
import { InstalledInterpreters } from '../packages/profiler/src/interpreters/installed-interpreters.ts';
import type { InterpreterDescription } from '../packages/profiler/src/interpreters/interpreter.ts';
import { javaClasses, javas } from '../tests/support/javas.ts';
import { nodes } from '../tests/support/nodes.ts';
import { pythons } from '../tests/support/pythons.ts';

const root = join(import.meta.dir, '..');
const FIXTURES = join(root, 'packages/profiler/test/recorded-walks');
/** Programs are run from here, so that no file has the path of a clone. */
const FOLDER = '/tmp/waggle-walks';
const AT = codeName.offset;

interface Program {
  readonly name: string;
  readonly command: readonly [string, ...string[]] | undefined;
  /** In the file or owner of what is kept. */
  readonly own: string;
}

function script(path: string | undefined, file: string, ...args: string[]): Program['command'] {
  if (path === undefined) return undefined;
  copyFileSync(join(root, 'tests/workloads', file), join(FOLDER, file));
  return [path, join(FOLDER, file), ...args];
}

const versionOf = (all: readonly { version: string; path: string | undefined }[], wanted: string) =>
  all.find(({ version }) => version === wanted)?.path;

function programs(): Program[] {
  const python = (version: string): Program => ({
    name: `cpython-${version}`,
    command: script(versionOf(pythons(), version), 'py_shares.py', '2'),
    own: 'py_shares.py',
  });
  const node = (version: string): Program => ({
    name: `v8-node-${version}`,
    command: script(versionOf(nodes(), version), 'js_inlined.cjs', '2', 'shares'),
    own: 'js_inlined.cjs',
  });
  const java = (version: string): Program => {
    const path = versionOf(javas(), version);
    const classes = javaClasses('JavaShares');
    return {
      name: `hotspot-${version}`,
      command: path && classes ? [path, '-cp', classes, 'JavaShares', '3'] : undefined,
      own: 'JavaShares',
    };
  };
  return [...['3.11', '3.12'].map(python), node('20'), ...['17', '21'].map(java)];
}

/** What was handed over, and which words of stacks were asked for. */
class Recorder implements Disposable {
  readonly records = new Map<number, Uint8Array>();
  readonly frames = new Map<string, readonly [number: number, instruction: number]>();
  readonly interpreters: InterpreterDescription[] = [];
  readonly #restore: (() => void)[] = [];

  constructor() {
    const { read, at } = CodeNames.prototype;
    const { drain } = RingBuffer.prototype;
    const { install } = InstalledInterpreters.prototype;
    const recorder = this;
    let isReading = false;
    CodeNames.prototype.read = function () {
      isReading = true;
      read.call(this);
      isReading = false;
    };
    CodeNames.prototype.at = function (number, instruction) {
      const places = at.call(this, number, instruction);
      // One frame of each kind and line: of compiled code there is a record for each copy.
      const what = places.map((place) => place && [place.code.name, place.line, place.isInlined]);
      recorder.frames.set(JSON.stringify(what), [number, instruction]);
      return places;
    };
    RingBuffer.prototype.drain = function (visit, most) {
      const visitToo: typeof visit = (bytes, offset, length) => {
        if (isReading)
          recorder.#note(Uint8Array.from(bytes.bytes.subarray(offset, offset + length)));
        visit(bytes, offset, length);
      };
      return drain.call(this, visitToo, most);
    };
    InstalledInterpreters.prototype.install = function (state, found) {
      const before = this.numberOf(state);
      install.call(this, state, found);
      if (before === 0 && !('unknown' in found) && this.numberOf(state) !== 0)
        recorder.interpreters.push(found);
    };
    this.#restore.push(() => {
      Object.assign(CodeNames.prototype, { read, at });
      Object.assign(RingBuffer.prototype, { drain });
      Object.assign(InstalledInterpreters.prototype, { install });
    });
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
  }

  #note(bytes: Uint8Array): void {
    this.records.set(new DataView(bytes.buffer).getUint32(AT.number, true), trimmed(bytes));
  }
}

async function record({ name, command, own }: Program): Promise<void> {
  if (command === undefined) return console.error(`${name}: not installed`);
  using recorder = new Recorder();
  const profiler = cpuProfiler({ frequencyHz: 499, lines: true, raw: true });
  const collects = definePlugin({
    name: 'collects',
    needs: { profiler: Profiler },
    setup: ({ services }) => ({
      start: () => services.profiler.preload([command[0]], 'interpreters'),
      async end() {
        await services.profiler.collectRaw();
      },
    }),
  });
  const agent = await createAgent({ plugins: [profiler, collects], command });
  await agent.finished;
  const isOwn = (bytes: Uint8Array) => Buffer.from(bytes).includes(own);
  const numberAt = (bytes: Uint8Array, at: number) =>
    new DataView(bytes.buffer).getUint32(at, true);
  const functionsOf = (bytes: Uint8Array) =>
    Array.from({ length: numberAt(bytes, AT.inlined) }, (_, index) =>
      numberAt(bytes, AT.line_table + inlinedCode.size * index + inlinedCode.offset.number),
    );
  const bytesOf = (numbers: readonly number[]) =>
    numbers.flatMap((number) => recorder.records.get(number) ?? []);
  /** The record of a frame, and those of what is inlined there: none where any is not the program's. */
  const recordsOf = ([number]: readonly [number, number]) => {
    const all = bytesOf([number]).flatMap((bytes) => [...bytesOf(functionsOf(bytes)), bytes]);
    const functions = all.filter((bytes) => numberAt(bytes, AT.inlined) === 0);
    return functions.every(isOwn) ? all : [];
  };
  const frames = few([...recorder.frames.values()].filter((frame) => recordsOf(frame).length > 0));
  const kept = new Set(frames.flatMap(recordsOf));
  const [first] = kept;
  if (first === undefined) throw new Error(`${name}: nothing of ${own}`);
  const interpreter = recorder.interpreters[numberAt(first, AT.interpreter) - 1];
  if (interpreter === undefined) throw new Error(`${name}: nobody described it`);
  const { name: runtime, object, lineTable, naming } = interpreter;
  const fixture = {
    ...{ runtime, program: basename(own), object, lineTable, ...(naming && { naming }) },
    frames,
    records: [...kept].map((bytes) => Buffer.from(bytes).toString('base64')),
  };
  writeFileSync(join(FIXTURES, `${name}.json`), `${JSON.stringify(fixture, null, 2)}\n`);
  console.error(`${name}: ${runtime}, ${kept.size} records, ${fixture.frames.length} frames`);
}

/** Of each code the first and the last instruction. */
function few(frames: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const byNumber = Map.groupBy(
    frames.toSorted(([a, at], [b, bt]) => a - b || at - bt),
    ([number]) => number,
  );
  return [...byNumber.values()].flatMap((own) =>
    own.filter((_, index) => index === 0 || index === own.length - 1),
  );
}

/** Without what an earlier record left behind its texts. */
function trimmed(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer);
  for (const field of ['file', 'name', 'owner'] as const) {
    const length = view.getUint32(AT[`${field}_text.bytes`], true);
    const end = { file: AT.name, name: AT.owner, owner: AT.line_table }[field];
    bytes.fill(0, AT[field] + length, end);
  }
  return bytes;
}

mkdirSync(FOLDER, { recursive: true });
mkdirSync(FIXTURES, { recursive: true });
const wanted = process.argv.slice(2);
for (const program of programs())
  if (wanted.length === 0 || wanted.includes(program.name)) await record(program);
