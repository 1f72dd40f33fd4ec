import { expect, test } from 'bun:test';
import { codeName } from '@waggle/bpf';
import { CodeNames, type NameRing } from './code-names.ts';
import type { InterpreterDescription } from './interpreter.ts';

const AT = codeName.offset;

interface HandedOver {
  readonly number: number;
  readonly pid?: number;
  readonly startTime?: bigint;
  readonly execId?: number;
  readonly name?: Uint8Array | string;
  readonly unit?: number;
  readonly isCut?: boolean;
  readonly table?: string;
  readonly file?: string;
  /** What it is one of, of HotSpot. */
  readonly owner?: string;
  /** Numbers and instructions of what is inlined there. */
  readonly inlined?: readonly (readonly [number: number, instruction: number])[];
}

function recordOf(given: HandedOver): Uint8Array {
  const { name = 'work', unit = 1, isCut = false } = given;
  const bytes = new Uint8Array(codeName.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(AT.number, given.number, true);
  view.setUint32(AT.interpreter, 1, true);
  view.setUint32(AT.tgid, given.pid ?? 7, true);
  view.setBigUint64(AT.start_boottime, given.startTime ?? 1n, true);
  view.setBigUint64(AT.exec_id, BigInt(given.execId ?? 1), true);
  view.setUint32(AT.first_line, 12, true);
  const text = (field: 'file' | 'name' | 'owner', said: Uint8Array | string) => {
    const encoded = typeof said === 'string' ? Buffer.from(said, 'latin1') : said;
    bytes.set(encoded, AT[field]);
    view.setUint32(AT[`${field}_text.bytes`], encoded.length, true);
    view.setUint32(AT[`${field}_text.unit`], field === 'name' ? unit : 1, true);
    view.setUint32(AT[`${field}_text.is_cut`], isCut ? 1 : 0, true);
  };
  text('file', given.file ?? '/app/main.py');
  text('name', name);
  if (given.owner !== undefined) {
    view.setUint32(AT.interpreter, 2, true);
    view.setUint32(AT.first_line, 0, true);
    text('owner', given.owner);
  }
  const inlined = new Uint8Array(Uint32Array.from((given.inlined ?? []).flat()).buffer);
  view.setUint32(AT.inlined, given.inlined?.length ?? 0, true);
  const table = given.inlined ? inlined : Buffer.from(given.table ?? '', 'hex');
  bytes.set(table, AT.line_table);
  view.setUint32(AT.line_table_bytes, table.length, true);
  return bytes;
}

class MemoryRing implements NameRing {
  readonly records: Uint8Array[] = [];

  drain(visit: Parameters<NameRing['drain']>[0], most = Number.POSITIVE_INFINITY): number {
    const taken = this.records.splice(0, most);
    for (const bytes of taken) {
      const view = new DataView(bytes.buffer);
      visit({ bytes, view }, 0, bytes.length);
      bytes.fill(0xff);
    }
    return taken.length;
  }

  close(): void {}
}

const PYTHON = { object: '[python]', lineTable: 'cpython-locations' } as InterpreterDescription;

const JAVA = {
  object: '[java]',
  lineTable: 'hotspot',
  naming: 'hotspot',
} as InterpreterDescription;

function namesOf(...handedOver: HandedOver[]): { ring: MemoryRing; names: CodeNames } {
  const ring = new MemoryRing();
  ring.records.push(...handedOver.map(recordOf));
  const interpreters = [undefined, PYTHON, JAVA];
  return { ring, names: new CodeNames(ring, (number) => interpreters[number]) };
}

test('a name is there as soon as a stack has its number', () => {
  const { ring, names } = namesOf({ number: 3, name: 'Hive.work' });
  expect(names.of(3)).toMatchObject({
    ...{ name: 'Hive.work', file: '/app/main.py', firstLine: 12, object: '[python]' },
  });
  expect(names.of(3)?.lineOf(0)).toBeUndefined();
  expect(names.of(4)).toBeUndefined();
  ring.records.push(recordOf({ number: 4 }));
  expect(names.of(4)?.name).toBe('work');
  expect(names.of(0)).toBeUndefined();
});

test('equal names are kept once, unless they have lines', () => {
  const { names } = namesOf({ number: 1 }, { number: 2 }, { number: 3, table: '8000' });
  expect(names.of(1)).toBe(names.of(2) as never);
  expect(names.of(3)).not.toBe(names.of(1) as never);
  expect(names.of(3)?.lineOf(0)).toBe(12);
});

test('text is Latin-1, UCS-2 or UCS-4, cut, or not to be had', () => {
  const ucs4 = new Uint8Array(Uint32Array.from([0x1f41d, 0x61, 0x11ffff]).buffer);
  const { names } = namesOf(
    { number: 1, name: 'm\xe9l' },
    { number: 2, name: Buffer.from('蜂', 'utf16le'), unit: 2 },
    { number: 3, name: ucs4, unit: 4 },
    { number: 4, name: 'very_long', isCut: true },
    { number: 5, name: 'x', unit: 0 },
  );
  expect([1, 2, 3, 4, 5].map((number) => names.of(number)?.name)).toEqual([
    ...['mél', '蜂', '🐝a\ufffd', 'very_long…', '[unreadable]'],
  ]);
  expect(names.of(4)?.file).toBe('…/app/main.py');
});

test('names go with their image: with the process, or with what it ran before an exec', () => {
  const { names } = namesOf(
    { number: 1, execId: 1 },
    { number: 2, execId: 2 },
    { number: 3, pid: 8 },
    { number: 4, startTime: 100n },
  );
  names.read();
  names.forget(7, 50n, false);
  expect([1, 2, 3, 4].map((number) => names.of(number) !== undefined)).toEqual([
    ...[false, true, true, true],
  ]);
  names.forget(7, 50n, true);
  expect([2, 3, 4].map((number) => names.of(number) !== undefined)).toEqual([false, true, true]);
  names.forget(7, 200n, true);
  expect(names.of(4)).toBeUndefined();
  expect(names.size).toBe(1);
});

test('code without a name is all of a script, or a function, and one where there is no script', () => {
  const { names, ring } = namesOf({ number: 1, name: '' });
  expect(names.of(1)?.name).toBe('<anonymous>');
  const module = recordOf({ number: 2, name: '' });
  new DataView(module.buffer).setUint32(AT.first_line, 0, true);
  ring.records.push(module);
  expect(names.of(2)?.name).toBe('<module>');
  const builtin = recordOf({ number: 3, name: '', file: '' });
  new DataView(builtin.buffer).setUint32(AT.first_line, 0, true);
  ring.records.push(builtin);
  expect(names.of(3)?.name).toBe('<anonymous>');
});

test('a method has the name of its class, and the line where its table begins', () => {
  const { names } = namesOf(
    { number: 1, name: 'push', owner: 'java/util/Deque', unit: 8, table: '061500' },
    { number: 2, name: 'gep\xc3\xbcrft', owner: 'Test', unit: 8 },
  );
  expect(names.of(1)).toMatchObject({ name: 'java.util.Deque.push', firstLine: 6 });
  expect(names.at(1, 2)).toMatchObject([{ line: 11, isInlined: false }]);
  expect(names.of(2)).toMatchObject({ name: 'Test.gepürft', firstLine: 0 });
});

test('functions that are inlined at a place stand for one frame, innermost first', () => {
  const { names } = namesOf(
    { number: 1, name: 'outer', owner: 'Main', unit: 8 },
    { number: 2, name: 'inner', owner: 'Main', unit: 8, table: '061500' },
    {
      number: 3,
      inlined: [
        [2, 2],
        [1, 0],
        [9, 0],
      ],
    },
  );
  const places = names
    .at(3, 0)
    .map((place) => place && [place.code.name, place.line, place.isInlined]);
  expect(places).toEqual([['Main.inner', 11, true], ['Main.outer', undefined, true], undefined]);
  expect(names.of(3)).toBeUndefined();
  expect(names.at(4, 0)).toEqual([undefined]);
});

test('a process that makes code without end takes no more than a bound: the oldest goes', () => {
  const { ring, names } = namesOf();
  const table = '80'.repeat(4000);
  const record = recordOf({ number: 0, table });
  const view = new DataView(record.buffer);
  for (let number = 1; number <= 25_000; number++) {
    view.setUint32(AT.number, number, true);
    ring.records.push(record.slice());
    if (number % 1000 === 0) names.read();
  }
  expect(names.size).toBeLessThan(24_000);
  expect(names.of(1)).toBeUndefined();
  expect(names.of(25_000)?.lineOf(0)).toBe(12);
  names.forget(7, 1n, true);
  expect(names.size).toBe(0);
}, 60_000);
