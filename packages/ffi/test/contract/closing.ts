// The end of every handle: twice is harmless, use afterwards is an error that names it, and the
// kernel keeps nothing.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import {
  type BpfObject,
  ClosedError,
  DrainLoop,
  type Native,
  PERF_COUNT_SW_DUMMY,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  PerfRing,
  RingBuffer,
} from '../../src/index.ts';
import { libcPath } from '../../src/native/libc-path.ts';
import { type Case, loadObject, openObject, u32, u64, until } from '../support/case.ts';

const attributes = {
  type: PERF_TYPE_SOFTWARE,
  config: PERF_COUNT_SW_DUMMY,
  flags: ['mmap', 'task'],
} as const;

function openDummy(native: Native): PerfEvent {
  return PerfEvent.open(native, attributes, { pid: process.pid, cpu: -1 });
}

/** Every use must throw a ClosedError; `handle` is what its message begins with. */
function assertClosed(handle: RegExp, uses: readonly (() => unknown)[]): void {
  for (const use of uses) {
    assert.throws(use, (error) => {
      assert.ok(error instanceof ClosedError, `${use} threw ${error}`);
      assert.equal(error.code, 'CLOSED');
      assert.match(error.message, handle);
      return true;
    });
  }
}

// include/uapi/linux/bpf.h: BPF_PROG_GET_NEXT_ID and its like; the system call's numbers are in
// arch/x86/entry/syscalls/syscall_64.tbl and asm-generic/unistd.h.
const NEXT_ID = { prog: 11, map: 12, link: 31 } as const;
const SYS_BPF = process.arch === 'arm64' ? 280 : 321;

/** Kernel ids of what this process holds, by its descriptors: `prog 12`. */
function heldIds(): Set<string> {
  const ids = new Set<string>();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const [, kind] =
        /^anon_inode:\[?bpf[-_](prog|map|link)/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
      if (kind === undefined) continue;
      const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      ids.add(`${kind} ${new RegExp(`^${kind}_id:\\s+(\\d+)`, 'm').exec(info)?.[1]}`);
    } catch {
      // The descriptor of the folder itself is gone by now.
    }
  }
  return ids;
}

/** What the whole kernel has, as `bpftool prog|map|link` lists it. */
function kernelIds(native: Native): Set<string> {
  const libc = native.backend.open(libcPath(), {
    syscall: { parameters: ['i64', 'i64', 'buffer', 'i64'], result: 'i64' },
  });
  const ids = new Set<string>();
  for (const [kind, command] of Object.entries(NEXT_ID)) {
    // union bpf_attr: the id before, then the one that the kernel found.
    const attribute = new Uint32Array(3);
    const bytes = new Uint8Array(attribute.buffer);
    while (libc.syscall(SYS_BPF, command, bytes, bytes.length) === 0n) {
      ids.add(`${kind} ${attribute[1]}`);
      attribute[0] = attribute[1] ?? 0;
    }
  }
  return ids;
}

/** Everything that can be open at once, attached and mapped. */
function openEverything(native: Native): Disposable & { readonly objects: readonly BpfObject[] } {
  const stack: Disposable[] = [];
  const keep = <Kept extends Disposable>(resource: Kept): Kept => {
    stack.push(resource);
    return resource;
  };
  const attach = keep(loadObject(native, 'attach'));
  const rings = keep(loadObject(native, 'ring'));
  const maps = keep(loadObject(native, 'maps'));
  keep(attach.program('count_exit').attach());
  keep(attach.program('count_sample').attachPerfEvent(openDummy(native)));
  keep(new RingBuffer(native, rings.map('records')));
  const event = keep(openDummy(native));
  keep(new PerfRing(native, event, 1));
  return {
    objects: [attach, rings, maps],
    [Symbol.dispose]() {
      for (const resource of stack.reverse()) resource[Symbol.dispose]();
    },
  };
}

export const closingCases: readonly Case[] = [
  {
    name: 'closing: an object file',
    run(native) {
      const file = openObject(native, 'maps');
      file.close();
      file.close();
      assert.ok(file.closed);
      assertClosed(/^BPF object .*maps\.bpf\.o was used after it was closed/, [
        () => file.selectPrograms(new Set()),
        () => file.setMaxEntries('resized', 1),
        () => file.setConstant('.rodata', 0, u32(1)),
        () => file.load(),
      ]);
    },
  },
  {
    name: 'closing: an object, its programs and its maps',
    needs: 'root',
    run(native) {
      const object = loadObject(native, 'maps');
      const program = object.program('answer');
      const map = object.map('numbers');
      object.close();
      object.close();
      assertClosed(/^BPF object/, [() => object.program('answer'), () => object.map('numbers')]);
      assertClosed(/^program answer/, [
        () => program.attach(),
        () => program.attachPerfEvent(openDummy(native)),
        () => program.fd,
      ]);
      assertClosed(/^map numbers/, [
        () => map.get(u32(1)),
        () => map.set(u32(1), u64(1)),
        () => map.delete(u32(1)),
        () => map.drain().next(),
        () => map.fd,
        () => new RingBuffer(native, map),
      ]);
    },
  },
  {
    name: 'closing: a link, also after its object',
    needs: 'root',
    run(native) {
      const object = loadObject(native, 'attach');
      const link = object.program('count_exit').attach();
      object.close();
      link.close();
      link.close();
      assert.ok(link.closed);
    },
  },
  {
    name: 'closing: a ring buffer, also after its object',
    needs: 'root',
    run(native) {
      const object = loadObject(native, 'ring');
      const ring = new RingBuffer(native, object.map('records'));
      object.close();
      assert.equal(
        ring.drain(() => {}),
        0,
      );
      ring.close();
      ring.close();
      assertClosed(/^ring buffer records/, [() => ring.drain(() => {}), () => ring.available]);
    },
  },
  {
    name: 'closing: a perf event and its ring, in either order',
    needs: 'root',
    run(native) {
      for (const eventFirst of [true, false]) {
        const event = openDummy(native);
        const ring = new PerfRing(native, event, 2);
        if (eventFirst) event.close();
        ring.drain(() => {});
        ring.close();
        ring.close();
        event.close();
        event.close();
        assertClosed(/^perf event/, [
          () => event.enable(),
          () => event.disable(),
          () => event.fd,
          () => new PerfRing(native, event, 2),
        ]);
        assertClosed(/^perf ring/, [() => ring.drain(() => {})]);
      }
    },
  },
  {
    name: 'closing: a drain loop, and `using` closes as close does',
    run() {
      const loop = new DrainLoop({ drain: () => 0, onError: () => {} });
      {
        using sameLoop = loop;
        assert.ok(!sameLoop.closed);
      }
      assert.ok(loop.closed);
      loop.close();
    },
  },
  {
    name: 'closing: the kernel keeps no program, map or link of ours',
    needs: 'root',
    async run(native) {
      const before = heldIds();
      let ours: string[];
      {
        using everything = openEverything(native);
        assert.equal(everything.objects.length, 3);
        ours = [...heldIds()].filter((id) => !before.has(id));
        const kinds = new Set(ours.map((id) => id.split(' ')[0]));
        assert.deepEqual([...kinds].sort(), ['link', 'map', 'prog']);
        const known = kernelIds(native);
        assert.deepEqual(
          ours.filter((id) => !known.has(id)),
          [],
          'the listing does not show what is open',
        );
      }
      assert.deepEqual(
        [...heldIds()].filter((id) => !before.has(id)),
        [],
      );
      // The kernel frees a program after a grace period.
      await until(`${ours.join(', ')} are gone`, () => {
        const known = kernelIds(native);
        return !ours.some((id) => known.has(id));
      });
    },
  },
];
