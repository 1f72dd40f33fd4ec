// Opening, adjusting and loading an object.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfObjectFile, SystemError } from '../../src/index.ts';
import { type Case, loadObject, openObject, u32 } from '../support/case.ts';
import { outputFolder } from '../support/compile.ts';
import { testRun } from '../support/test-run.ts';

function refusal(load: () => unknown): SystemError {
  try {
    load();
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
  throw new Error('the kernel accepted what it should refuse');
}

export const objectCases: readonly Case[] = [
  {
    name: 'object: a missing file is ENOENT and named',
    run(native) {
      const error = refusal(() => BpfObjectFile.open(native, '/nowhere/absent.bpf.o'));
      assert.equal(error.code, 'ENOENT');
      assert.match(error.message, /open BPF object \/nowhere\/absent\.bpf\.o: ENOENT/);
    },
  },
  {
    name: 'object: garbage, an empty file and a program of another machine are refused',
    run(native) {
      const garbage = join(outputFolder(), 'garbage.bpf.o');
      const empty = join(outputFolder(), 'empty.bpf.o');
      writeFileSync(garbage, 'not an ELF file, and long enough to be looked at'.repeat(10));
      writeFileSync(empty, '');
      for (const path of [garbage, empty, process.execPath]) {
        const error = refusal(() => BpfObjectFile.open(native, path));
        assert.notEqual(error.log, '', `libbpf said nothing about ${path}`);
      }
    },
  },
  {
    name: 'object: names of programs and maps are those of the source',
    run(native) {
      using file = openObject(native, 'maps');
      assert.deepEqual([...file.programNames].sort(), ['answer', 'count_run']);
      const maps = ['maps.rodata', 'numbers', 'per_cpu', 'resized', 'runs'];
      assert.deepEqual([...file.mapNames].sort(), maps);
    },
  },
  {
    name: 'object: a refused load ends its message with the reason, the log is whole',
    needs: 'root',
    run(native) {
      const file = openObject(native, 'refused');
      const error = refusal(() => file.load());
      assert.equal(error.code, 'EACCES');
      assert.ok(file.closed);
      const reason = /invalid access to map value, value_size=8 off=40 size=8/;
      assert.match(error.log, reason);
      assert.match(error.message, /failed to load/);
      assert.ok(error.message.length < 2_000);
      // From its first line to its last, although it is longer than one buffer.
      assert.ok(error.log.length > 100_000, `only ${error.log.length} characters`);
      assert.match(error.log, /BEGIN PROG LOAD LOG/);
      assert.match(error.log, /processed \d+ insns[\s\S]*END PROG LOAD LOG/);
    },
  },
  {
    name: 'object: only selected programs reach the kernel',
    needs: 'root',
    run(native) {
      using file = openObject(native, 'refused');
      file.selectPrograms(new Set(['accepted', 'unknown to the object']));
      using object = file.load();
      assert.equal(testRun(native, object.program('accepted')), 0);
      assert.throws(() => object.program('out_of_bounds'), /was not loaded/);
      assert.throws(() => object.program('absent'), /no program absent/);
      assert.throws(() => object.map('absent'), /no map absent/);
    },
  },
  {
    name: 'object: setMaxEntries decides how many entries the kernel takes',
    needs: 'root',
    run(native) {
      for (const entries of [2, 9]) {
        using file = openObject(native, 'maps');
        file.setMaxEntries('resized', entries);
        using object = file.load();
        const map = object.map('resized');
        assert.equal(map.maxEntries, entries);
        for (let key = 0; key < entries; key++) map.set(u32(key), u32(key));
        assert.throws(() => map.set(u32(entries), u32(0)), { code: 'E2BIG' });
      }
      using file = openObject(native, 'maps');
      assert.throws(() => file.setMaxEntries('absent', 1), RangeError);
    },
  },
  {
    name: 'object: the kernel’s types may be held over several loads, and are let go of once',
    needs: 'root',
    run(native) {
      const load = () => {
        using object = loadObject(native, 'attach');
        // By a hook of the scheduler: its type is looked for among the kernel's.
        using _link = object.program('count_exit').attach();
      };
      const held = native.holdKernelTypes();
      {
        using _more = native.holdKernelTypes();
        load();
      }
      load();
      assert.throws(() => loadObject(native, 'refused'), { code: 'EACCES' });
      held[Symbol.dispose]();
      held[Symbol.dispose]();
      load();
    },
  },
  {
    name: 'object: two objects share a map, which lives as long as one of them',
    needs: 'root',
    run(native) {
      const first = loadObject(native, 'maps');
      const file = openObject(native, 'maps');
      file.setMaxEntries('resized', 9);
      file.reuseMap('resized', first.map('resized'));
      file.reuseMap('runs', first.map('runs'));
      using second = file.load();
      // The map is what it is, whatever the second file asked for.
      assert.equal(second.map('resized').maxEntries, 4);
      testRun(native, first.program('count_run'), 3);
      testRun(native, second.program('count_run'), 4);
      const sum = () => {
        const bytes = second.map('runs').get(u32(0)) ?? new Uint8Array();
        const words = new DataView(bytes.buffer);
        let total = 0;
        for (let at = 0; at < bytes.length; at += 8) total += words.getUint32(at, true);
        return total;
      };
      assert.equal(sum(), 7);
      first.close();
      testRun(native, second.program('count_run'), 2);
      assert.equal(sum(), 9);
    },
  },
  {
    name: 'object: a map of another kind, or of a closed object, is not shared',
    needs: 'root',
    run(native) {
      const first = loadObject(native, 'maps');
      const file = openObject(native, 'maps');
      assert.throws(() => file.reuseMap('absent', first.map('runs')), RangeError);
      const runs = first.map('runs');
      assert.throws(() => file.reuseMap('numbers', runs), /of different kinds/);
      file.close();
      first.close();
      using other = openObject(native, 'maps');
      assert.throws(() => other.reuseMap('runs', runs), { code: 'CLOSED' });
    },
  },
  {
    name: 'object: a constant changes what the program does, its neighbour stays',
    needs: 'root',
    run(native) {
      using unchanged = loadObject(native, 'maps');
      assert.equal(testRun(native, unchanged.program('answer')), 1);
      using file = openObject(native, 'maps');
      file.setConstant('.rodata', 0, u32(4242));
      using changed = file.load();
      assert.equal(testRun(native, changed.program('answer')), 4242);
      const bytes = changed.map('maps.rodata').get(u32(0));
      assert.deepEqual([...(bytes ?? [])], [...u32(4242), ...u32(0xabcdef)]);
    },
  },
  {
    name: 'object: a constant outside of its section is a RangeError',
    run(native) {
      using file = openObject(native, 'maps');
      assert.throws(() => file.setConstant('.rodata', 5, u32(1)), /has 8 bytes, not 9/);
      assert.throws(() => file.setConstant('.rodata', -1, u32(1)), RangeError);
      assert.throws(() => file.setConstant('.data', 0, u32(1)), /has no \.data/);
    },
  },
  {
    name: 'object: the loaded object outlives the file that it came from',
    needs: 'root',
    run(native) {
      const file = openObject(native, 'maps');
      using object = file.load();
      assert.ok(file.closed);
      file.close();
      assert.equal(testRun(native, object.program('answer')), 1);
      assert.throws(() => file.load(), { code: 'CLOSED' });
    },
  },
];
