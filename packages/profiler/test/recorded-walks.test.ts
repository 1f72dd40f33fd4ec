// What the walks of interpreters have handed over, as bytes of real programs (scripts/record-walks.ts), and the frames that
// they stand for: names, files and lines as the sources in tests/workloads have them.

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CodeNames, type NameRing } from '../src/interpreters/code-names.ts';
import type { InterpreterDescription } from '../src/interpreters/interpreter.ts';

const FOLDER = join(import.meta.dir, 'recorded-walks');

interface RecordedWalks extends Pick<InterpreterDescription, 'object' | 'lineTable' | 'naming'> {
  readonly runtime: string;
  readonly frames: readonly (readonly [number: number, instruction: number])[];
  readonly records: readonly string[];
}

function recorded(name: string): RecordedWalks {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
}

/** The ring as BPF left it. */
function ringOf({ records }: RecordedWalks): NameRing {
  const waiting = records.map((text) => Uint8Array.from(Buffer.from(text, 'base64')));
  return {
    drain(visit, limit = Number.POSITIVE_INFINITY) {
      const taken = waiting.splice(0, limit);
      for (const bytes of taken)
        visit({ bytes, view: new DataView(bytes.buffer) }, 0, bytes.length);
      return taken.length;
    },
    close() {},
  };
}

/** Each frame's functions, innermost first. */
function framesOf(name: string) {
  const walks = recorded(name);
  const names = new CodeNames(ringOf(walks), () => walks as unknown as InterpreterDescription);
  return walks.frames.map(([number, instruction]) => names.at(number, instruction));
}

/** The file, and the first and the last line of what each function runs. */
type Functions = Readonly<Record<string, readonly [file: string, first: number, last: number]>>;

const PY_SHARES: Functions = {
  '<module>': ['py_shares.py', 1, 29],
  'Light.run': ['py_shares.py', 17, 18],
  burn: ['py_shares.py', 6, 9],
  heavy: ['py_shares.py', 12, 13],
  main: ['py_shares.py', 21, 26],
};

const JAVA_SHARES: Functions = {
  'JavaShares$Light.run': ['JavaShares.java', 20, 22],
  'JavaShares.burn': ['JavaShares.java', 5, 13],
  'JavaShares.heavy': ['JavaShares.java', 15, 17],
  'JavaShares.main': ['JavaShares.java', 25, 33],
};

test.each([
  ['cpython-3.11', PY_SHARES],
  ['cpython-3.12', PY_SHARES],
  ['hotspot-17', JAVA_SHARES],
  ['hotspot-21', JAVA_SHARES],
] as const)('%s: functions, and the lines that they are at', (name, functions) => {
  const places = framesOf(name).flat();
  const found = new Set(places.map((place) => place?.code.name));
  expect([...found].sort()).toEqual(Object.keys(functions).sort());
  for (const place of places) {
    const [file, first, last] = functions[place?.code.name ?? ''] ?? ['', 0, 0];
    expect(basename(place?.code.file ?? '')).toBe(file);
    expect(place?.line).toBeGreaterThanOrEqual(first);
    expect(place?.line).toBeLessThanOrEqual(last);
    expect(place?.isInlined).toBe(false);
  }
});

test('v8-node-20: functions, and those that were inlined', () => {
  const frames = framesOf('v8-node-20').map((places) =>
    places.map((place) => `${place?.code.name}${place?.isInlined ? ' (inlined)' : ''}`).join(' < '),
  );
  for (const name of ['<module>', 'main', 'turn']) expect(frames).toContain(name);
  for (const name of ['heavy', 'light'])
    expect(frames).toContain(`${name} (inlined) < shares (inlined) < turn`);
  for (const place of framesOf('v8-node-20').flat())
    expect(basename(place?.code.file ?? '')).toBe('js_inlined.cjs');
});

test('a record that is cut off anywhere names what it has, or nothing', () => {
  for (const name of ['cpython-3.12', 'hotspot-21', 'v8-node-20']) {
    const walks = recorded(name);
    const [first = ''] = walks.records;
    const whole = Uint8Array.from(Buffer.from(first, 'base64'));
    const number = new DataView(whole.buffer).getUint32(0, true);
    // What the kernel had no time to write is zero.
    for (let length = 4; length < whole.length; length += 7) {
      const bytes = new Uint8Array(whole.length);
      bytes.set(whole.subarray(0, length));
      const torn = { ...walks, records: [Buffer.from(bytes).toString('base64')] };
      const names = new CodeNames(ringOf(torn), () => walks as unknown as InterpreterDescription);
      const [place] = names.at(number, 0);
      expect(typeof place?.code.name).toBe('string');
    }
  }
});
