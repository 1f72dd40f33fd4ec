// Addresses to names, on a host in memory: which file's code an address is, at the time of its sample, and
// what the thread that reads objects says of it.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackCount } from '../src/sampling/stack-count.ts';
import { anonymous, MadeUpHost, SAMPLED_AT, sampleOf, textOf } from './made-up-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-made-up-'));
const BASE = 0x7f00_0000_0000;
const MAPPED_BYTES = 0x10_0000;
/** Within a function, behind its first instructions. */
const INSIDE = 4;
let library = '';
let addresses: ReadonlyMap<string, number> = new Map();

beforeAll(() => {
  const source = join(folder, 'library.c');
  writeFileSync(
    source,
    `__attribute__((noinline)) int leaf(int n) { volatile int x = n; return x * 3; }
     __attribute__((noinline)) int caller(int n) { int x = leaf(n); return x + 1; }`,
  );
  library = compile(source, 'library.so');
  addresses = functionsOf(library);
});
afterAll(() => rmSync(folder, { recursive: true }));

function compile(source: string, name: string): string {
  const path = join(folder, name);
  const { exitCode } = Bun.spawnSync(['cc', '-O1', '-shared', '-fPIC', '-o', path, source]);
  expect(exitCode).toBe(0);
  return path;
}

/** Offsets of the file's functions: small libraries have their code where their addresses say. */
function functionsOf(path: string): Map<string, number> {
  const { stdout } = Bun.spawnSync(['nm', '-D', '--defined-only', path]);
  return new Map(
    [...stdout.toString().matchAll(/^([0-9a-f]+) T (\w+)$/gm)].map(
      ([, address = '', name = '']) => [name, Number.parseInt(address, 16)],
    ),
  );
}

const at = (name: string, base = BASE) => base + (addresses.get(name) as number) + INSIDE;

/** Root first, as a profile has them. */
async function namesOf(host: MadeUpHost, sample: StackCount): Promise<string[]> {
  const { frames } = host.resolver.resolve(sample);
  const found = await host.symbolizer.functionsOf(frames.map(({ frame }) => frame));
  return found.flatMap((functions) => functions.map(({ name }) => name));
}

test('frames are named by the file that was mapped there, root first', async () => {
  using host = new MadeUpHost();
  host.spawn(7, [textOf(library, BASE, MAPPED_BYTES)]);
  const sample = sampleOf({ user: [at('leaf'), at('caller')] });
  expect(await namesOf(host, sample)).toEqual(['caller', 'leaf']);
  expect(host.resolver.resolve(sample)).toMatchObject({
    pid: 7,
    identity: { pid: 7, startBoottimeNs: 1n, execId: 1 },
  });
});

test('a return address is the call before it, an interrupted instruction is itself', async () => {
  using host = new MadeUpHost();
  host.spawn(7, [textOf(library, BASE, MAPPED_BYTES)]);
  // The first instruction of a function, behind the last one of the one in front of it.
  const [first, second] = [...addresses].sort(([, a], [, b]) => a - b).map(([name]) => name);
  const boundary = BASE + (addresses.get(second as string) as number);
  const user = [at('leaf'), boundary];
  expect((await namesOf(host, sampleOf({ user })))[0]).toBe(first as string);
  expect((await namesOf(host, sampleOf({ user, interrupted: [1] })))[0]).toBe(second as string);
});

test('what was never mapped has no name, what was cut says so, and a wrong root word is left out', async () => {
  using host = new MadeUpHost();
  host.spawn(7, [textOf(library, BASE, MAPPED_BYTES)]);
  expect(await namesOf(host, sampleOf({ user: [0x1234] }))).toEqual(['[unknown]']);
  const user = [at('leaf'), at('caller'), 0x1234];
  expect(await namesOf(host, sampleOf({ user }))).toEqual(['caller', 'leaf']);
  expect(await namesOf(host, sampleOf({ user, truncated: true }))).toHaveLength(3);
});

test('each address is named by what was mapped at its time', async () => {
  using host = new MadeUpHost();
  const other = join(folder, 'other.c');
  writeFileSync(other, 'int first(int n) { return n * 7; } int second(int n) { return n * 9; }');
  const replacement = compile(other, 'other.so');
  host.spawn(7, [textOf(library, BASE, MAPPED_BYTES)]);
  const offset = functionsOf(replacement).get('first') as number;
  const { start, end, fileOffset, device, inode, path } = textOf(replacement, BASE, MAPPED_BYTES);
  const mapping = { start, end, fileOffset, device, inode, path };
  host.spaces.apply({ type: 'mapping', time: SAMPLED_AT + 10n, pid: 7, mapping });
  const before = sampleOf({ user: [at('leaf')] });
  const after = sampleOf({ user: [BASE + offset], lastTime: SAMPLED_AT + 20n });
  expect(await namesOf(host, before)).toEqual(['leaf']);
  expect(await namesOf(host, after)).toEqual(['first']);
});

test('a child has what its parent had mapped, until it executes another program', async () => {
  using host = new MadeUpHost();
  host.spawn(7, [textOf(library, BASE, MAPPED_BYTES)]);
  host.spaces.apply({ type: 'fork', time: SAMPLED_AT, pid: 8, parent: 7 });
  const child = sampleOf({ pid: 8, user: [at('leaf')] });
  expect(await namesOf(host, child)).toEqual(['leaf']);
  host.spaces.apply({ type: 'exec', time: SAMPLED_AT + 10n, pid: 8 });
  const later = { ...child, lastTime: SAMPLED_AT + 20n };
  expect(await namesOf(host, later)).toEqual(['[unknown]']);
});

test('generated code without a map says where it is, and a file that is gone says its name', async () => {
  using host = new MadeUpHost();
  const source = join(folder, 'library.c');
  const gone = compile(source, 'gone.so');
  const entry = textOf(gone, BASE, MAPPED_BYTES);
  unlinkSync(gone);
  host.spawn(7, [anonymous(0x1000_0000, 0x1000), entry]);
  const names = await namesOf(host, sampleOf({ user: [0x1000_0010, at('leaf')] }));
  expect(names[1]).toBe('[jit+0x10000010]');
  expect(names[0]).toMatch(/^\[gone\.so\+0x[0-9a-f]+\]$/);
});
