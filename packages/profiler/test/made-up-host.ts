// A host in memory for tests of the engine: processes of a MemoryProcfs that have real files mapped, and
// the engine's rooms put together as the profiler does it, without a kernel, root or processes.

import { statSync } from 'node:fs';
import type { MapsEntry } from '@waggle/cache';
import { MemoryProcfs } from '@waggle/cache/testing';
import { AddressSpaces } from '../src/mappings/address-spaces.ts';
import { JitMaps } from '../src/mappings/jit-maps.ts';
import { ObjectFiles } from '../src/mappings/object-files.ts';
import { executableMappings } from '../src/mappings/proc-maps.ts';
import type { StackCount } from '../src/sampling/stack-count.ts';
import { StackResolver } from '../src/stacks/stack-resolver.ts';
import { PerfMapClient } from '../src/symbolization/perf-map-client.ts';
import { SymbolizationClient } from '../src/symbolization/symbolization-client.ts';
import { Symbolizer } from '../src/symbolization/symbolizer.ts';

/** What is mapped before anything is sampled is older than this. */
export const SAMPLED_AT = 10_000_000_000n;

export class MadeUpHost implements Disposable {
  readonly procfs = new MemoryProcfs();
  readonly objects: ObjectFiles;
  readonly spaces: AddressSpaces;
  readonly jitMaps: JitMaps;
  readonly resolver: StackResolver;
  readonly reader = new SymbolizationClient({ lines: false });
  readonly symbolizer: Symbolizer;
  readonly #perfMaps = new PerfMapClient();

  constructor() {
    const boottime = () => SAMPLED_AT;
    // The files are older than what the clock of the host says.
    const toEpoch = () => BigInt(Date.now()) * 1_000_000n;
    this.objects = new ObjectFiles({ now: boottime, toEpoch }, this.procfs);
    this.spaces = new AddressSpaces((pid, mapping, time) => this.objects.of(pid, mapping, time));
    const clock = { monotonic: boottime, boottime, toEpoch };
    this.jitMaps = new JitMaps(
      this.spaces,
      this.objects,
      this.procfs,
      clock,
      this.#perfMaps,
      () => [],
    );
    this.resolver = new StackResolver(this.spaces, this.objects, this.jitMaps);
    this.symbolizer = new Symbolizer(this.reader, this.objects);
  }

  /** A process that ran before anybody looked. */
  spawn(pid: number, maps: readonly MapsEntry[]): void {
    this.procfs.spawn(pid, { maps });
    this.spaces.seed(pid, executableMappings(maps));
  }

  [Symbol.dispose](): void {
    this.jitMaps[Symbol.dispose]();
    this.#perfMaps[Symbol.dispose]();
    this.reader[Symbol.dispose]();
    this.objects[Symbol.dispose]();
  }
}

/** The code of a real file, mapped at an address, as /proc/PID/maps has it. */
export function textOf(path: string, start: number, bytes: number): MapsEntry {
  const { ino: inode, dev } = statSync(path, { bigint: true });
  // As gnu_dev_major() and gnu_dev_minor() take the number apart.
  const device = `${(dev >> 8n) & 0xfffn}:${(dev & 0xffn) | ((dev >> 12n) & ~0xffn)}`;
  return {
    ...{ start, end: start + bytes, permissions: 'r-xp', fileOffset: 0 },
    ...{ device, inode, path, deleted: false },
  };
}

/** Memory without a file, in which code may be generated. */
export function anonymous(start: number, bytes: number): MapsEntry {
  return {
    ...{ start, end: start + bytes, permissions: 'rwxp', fileOffset: 0 },
    ...{ device: '0:0', inode: 0n, path: '', deleted: false },
  };
}

/** A sample of process 7. */
export function sampleOf(given: Partial<StackCount>): StackCount {
  return {
    ...{ pid: 7, startTime: 1n, execId: 1, comm: 'made-up', tid: 0, threadComm: '', count: 1 },
    ...{ firstTime: SAMPLED_AT, lastTime: SAMPLED_AT, cpu: 0, user: [], interrupted: [] },
    ...{ kernel: [], truncated: false, userStop: 0 },
    ...({ event: 0, state: 'running', weight: 0 } as const),
    ...given,
  };
}
