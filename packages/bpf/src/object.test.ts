import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateLayouts } from '../scripts/generate-layouts.ts';
import { KERNEL_PROGRAMS, objectPath, SAMPLE_PROGRAMS } from './object.ts';

const EM_BPF = 247;
const MACHINE_AT = 18;

describe.each(['x64', 'arm64'])('the object for %s', (architecture) => {
  const file = readFileSync(objectPath(architecture));

  test('is a BPF object', () => {
    expect(file.readUInt16LE(MACHINE_AT)).toBe(EM_BPF);
  });

  test('has the layouts that TypeScript reads by', () => {
    const generated = readFileSync(join(import.meta.dir, 'generated/layouts.ts'), 'utf8');
    expect(generateLayouts(file)).toBe(generated);
  });

  test('has every program that is attached by name', () => {
    const text = file.toString('latin1');
    const programs = Object.values(KERNEL_PROGRAMS).flatMap((variants) =>
      variants.map(({ program }) => program),
    );
    const missing = [...programs, ...Object.values(SAMPLE_PROGRAMS)].filter(
      (name) => !text.includes(`\0${name}\0`),
    );
    expect(missing).toEqual([]);
  });
});

test('an architecture without an object is refused', () => {
  expect(() => objectPath('mips')).toThrow(RangeError);
});
