import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeObject } from './build/description.ts';
import { layoutsText } from './build/typescript.ts';
import * as skeletons from './generated/skeletons.ts';
import { embeddedObject, objectPath } from './object.ts';
import { FAILED_EXECS, FOLLOWED_CGROUPS, LIFECYCLE_OF_COMMAND } from './sources.ts';

const EM_BPF = 247;
const MACHINE_AT = 18;
const all = Object.values(skeletons);

describe.each(['x64', 'arm64'])('the objects for %s', (architecture) => {
  const files = all.map(({ name }) => readFileSync(objectPath(name, architecture)));

  test('are BPF objects', () => {
    for (const file of files) expect(file.readUInt16LE(MACHINE_AT)).toBe(EM_BPF);
  });

  test('have the layouts that TypeScript reads by', () => {
    const generated = readFileSync(join(import.meta.dir, 'generated/layouts.ts'), 'utf8');
    expect(generated).toContain(layoutsText(files.map(describeObject)));
  });

  test('have the programs and maps of their skeletons', () => {
    for (const [index, { programs, maps }] of all.entries()) {
      const description = describeObject(files[index] ?? Buffer.alloc(0));
      expect(description.programs.map(({ name }) => name)).toEqual(Object.keys(programs));
      expect(description.maps.map(({ name }) => name)).toEqual(Object.keys(maps));
    }
  });
});

test('maps that several objects have are shared, and the same', () => {
  const shared = new Map<string, object>();
  for (const { maps } of all)
    for (const [name, map] of Object.entries(maps)) {
      const known = shared.get(name);
      if (known !== undefined && map.isShared) expect<object>(map).toEqual(known);
      if (map.isShared) shared.set(name, map);
    }
  expect([...shared.keys()]).toContain('process_events');
  expect([...shared.keys()]).toContain('lifecycle_tracking_map');
});

test('hooks name programs that there are', () => {
  for (const { skeleton, hooks } of [LIFECYCLE_OF_COMMAND, FAILED_EXECS, FOLLOWED_CGROUPS])
    for (const programs of Object.values(hooks))
      for (const program of programs) expect(Object.keys(skeleton.programs)).toContain(program);
});

test('an architecture without an object is refused', () => {
  expect(() => objectPath('lifecycle', 'mips')).toThrow(RangeError);
  expect(embeddedObject({ x86_64: '', aarch64: '' }, 'mips')).rejects.toThrow(RangeError);
});
