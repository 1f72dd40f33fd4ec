import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Recording } from '../../test/recorded-samples.ts';
import { type UnwoundStack, unwind } from './unwinder.ts';

const directory = mkdtempSync(join(tmpdir(), 'waggle-unwind-recorded-'));
afterAll(() => rmSync(directory, { recursive: true }));

const compiler = Bun.which('g++') ?? Bun.which('c++') ?? Bun.which('clang++');
const source = join(import.meta.dir, '..', '..', 'test', 'stepping.cc');

const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  'without frame pointers at -O2': ['-O2', '-fomit-frame-pointer'],
  'without frame pointers at -O3, for AVX': ['-O3', '-fomit-frame-pointer', '-march=x86-64-v2'],
  'lazily bound, with landing pads, at a fixed address': [
    ...['-O2', '-fomit-frame-pointer', '-fcf-protection=full'],
    ...['-Wl,-z,lazy', '-no-pie', '-fno-pie'],
  ],
  'unoptimised, with frame pointers': ['-O0'],
};

function record(name: string, flags: readonly string[]): Recording {
  const program = join(directory, name.replaceAll(/\W+/g, '-'));
  const samples = `${program}.samples`;
  for (const command of [
    [compiler ?? '', ...flags, '-o', program, source, '-ldl', '-pthread'],
    [program, samples],
  ]) {
    const result = Bun.spawnSync(command, { timeout: 60_000 });
    if (result.exitCode !== 0) throw new Error(`${command[0]}: ${result.stderr.toString()}`);
  }
  return new Recording(samples);
}

/**
 * Each sample was taken between two instructions of a program and its libraries, so that prologues,
 * epilogues, linkage stubs and the dynamic linker at work are all among them; the C library's own
 * unwinder said at once what the stack was.
 */
describe.skipIf(process.arch !== 'x64' || compiler === null)(
  'every instruction of a program',
  () => {
    for (const [name, flags] of Object.entries(VARIANTS)) {
      describe(name, () => {
        let recording: Recording;
        beforeAll(() => {
          recording = record(name, flags);
        });

        test('is unwound to the first frame, as the C library does it', () => {
          const wrong: string[] = [];
          const stops = new Map<string, number>();
          for (const sample of recording.samples) {
            const stack = unwind(recording.inputOf(sample));
            stops.set(stack.stop, (stops.get(stack.stop) ?? 0) + 1);
            if (stack.stop === 'unsupported' && isStackSwitch(stack, recording)) continue;
            if (stack.stop !== 'end' || stack.pcs.join() !== sample.truth.join()) {
              wrong.push(`${stack.stop} at ${sample.registers[16]?.toString(16)}`);
            }
          }
          expect(wrong.slice(0, 5)).toEqual([]);
          expect(recording.samples.length).toBeGreaterThan(4000);
          expect(stops.get('end') ?? 0).toBeGreaterThan(0.995 * recording.samples.length);
        });

        test('and the samples are of every kind', () => {
          const { samples } = recording;
          const depths = samples.map((sample) => sample.truth.length);
          expect(Math.max(...depths)).toBeGreaterThan(100);
          const paths = new Set(samples.map((sample) => recording.pathAt(sample.truth[0] ?? 0n)));
          const files = [...paths].map((path) => path.replace(/^.*\//, '').replace(/\.so.*$/, ''));
          expect(files).toContain('libc');
          expect(files).toContain('libstdc++');
          expect(files.some((file) => file.startsWith('ld-linux'))).toBe(true);
          expect(files).toContain('[vdso]');
        });
      });
    }
  },
);

/** setcontext, in its last instructions, when the stack pointer is already that of another frame. */
function isStackSwitch(stack: UnwoundStack, recording: Recording): boolean {
  return stack.pcs.length === 1 && /libc/.test(recording.pathAt(stack.pcs[0] ?? 0n));
}
