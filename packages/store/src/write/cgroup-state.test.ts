import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StoreReader } from '../read/store-reader.ts';
import { CgroupStates } from './cgroup-state.ts';
import { StoreWriter } from './store-writer.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-cgroups-'));
  folders.push(folder);
  return folder;
}

/** A folder as the kernel shows a hierarchy. */
class Hierarchy {
  readonly root = freshFolder();

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }
}

const SECOND_NS = 1_000_000_000n;
const NOW = 1_700_000_000_000;

test('amounts are those since the look before, memory is that of now, and what rests is left out', () => {
  const v2 = new Hierarchy();
  const nginx = 'system.slice/nginx.service';
  v2.write('system.slice/cpu.stat', 'usage_usec 900\nuser_usec 900\n');
  v2.write(`${nginx}/cpu.stat`, 'usage_usec 5000000\nuser_usec 1\nsystem_usec 2\n');
  v2.write(`${nginx}/memory.current`, '8388608\n');
  v2.write(`${nginx}/io.stat`, '8:0 rbytes=10 wbytes=20 rios=1\n253:1 rbytes=5 wbytes=1 rios=1\n');
  v2.write('idle.slice/cpu.stat', 'usage_usec 1\n');
  const states = new CgroupStates(`none ${v2.root} cgroup2 rw 0 0\n`);
  expect(states.read(NOW)).toEqual([
    {
      ...{ cgroup: `/${nginx}`, timeNs: BigInt(NOW) * 1_000_000n, memoryBytes: 8388608n },
      ...{ cpuNs: 0n, readBytes: 0n, writeBytes: 0n },
    },
  ]);
  v2.write('system.slice/cpu.stat', 'usage_usec 1900\nuser_usec 900\n');
  v2.write(`${nginx}/cpu.stat`, 'usage_usec 7000000\n');
  v2.write(`${nginx}/io.stat`, '8:0 rbytes=110 wbytes=20 rios=1\n253:1 rbytes=5 wbytes=2 rios=1\n');
  expect(states.read(NOW)).toMatchObject([
    { cgroup: '/system.slice', cpuNs: 1_000_000n, memoryBytes: null, readBytes: null },
    { cgroup: `/${nginx}`, cpuNs: 2n * SECOND_NS, readBytes: 100n, writeBytes: 1n },
  ]);
  expect(states.read(NOW)).toEqual([]);
  // A service that was started anew.
  v2.write(`${nginx}/cpu.stat`, 'usage_usec 3\n');
  expect(states.read(NOW)).toMatchObject([{ cgroup: `/${nginx}`, cpuNs: 3000n }]);
  rmSync(join(v2.root, 'system.slice'), { recursive: true });
  expect(states.read(NOW)).toEqual([]);
  // One that is new has all of it from the time since.
  v2.write('job.scope/cpu.stat', 'usage_usec 70\n');
  expect(states.read(NOW)).toMatchObject([{ cgroup: '/job.scope', cpuNs: 70_000n }]);
});

test('thousands below one parent do not hide those below another, as far from the root', () => {
  const v2 = new Hierarchy();
  for (let index = 0; index < 1500; index++)
    v2.write(`many.slice/${index}/memory.current`, '8388608\n');
  for (const name of ['a', 'b', 'c']) v2.write(`few.slice/${name}/memory.current`, '8388608\n');
  const states = new CgroupStates(`none ${v2.root} cgroup2 rw 0 0\n`).read(NOW);
  const names = states.map(({ cgroup }) => cgroup);
  expect(names).toEqual(expect.arrayContaining(['/few.slice/a', '/few.slice/b', '/few.slice/c']));
  expect(names.length).toBeLessThanOrEqual(1000);
});

test('memory that creeps is told when it has moved by a megabyte in all', () => {
  const v2 = new Hierarchy();
  const states = new CgroupStates(`none ${v2.root} cgroup2 rw 0 0\n`);
  const told = [100, 600, 1100, 1600].map((kilobytes) => {
    v2.write('a/memory.current', String(kilobytes * 1024));
    return states.read(NOW).length;
  });
  expect(told).toEqual([1, 0, 0, 1]);
});

test('controllers of v1 in hierarchies of their own are one cgroup by its path', () => {
  const [cpu, memory, blkio] = [new Hierarchy(), new Hierarchy(), new Hierarchy()];
  cpu.write('app/cpuacct.usage', '100\n');
  memory.write('app/memory.usage_in_bytes', '4096\n');
  blkio.write('app/blkio.throttle.io_service_bytes', '8:0 Read 7\n8:0 Write 9\nTotal 16\n');
  const states = new CgroupStates(
    [
      `cgroup ${cpu.root} cgroup rw,cpu,cpuacct 0 0`,
      `cgroup ${memory.root} cgroup rw,memory 0 0`,
      `cgroup ${blkio.root} cgroup rw,blkio 0 0`,
      'cgroup /nowhere cgroup rw,name=systemd 0 0',
    ].join('\n'),
  );
  states.read(NOW);
  cpu.write('app/cpuacct.usage', '350\n');
  blkio.write('app/blkio.throttle.io_service_bytes', '8:0 Read 17\n8:0 Write 9\nTotal 26\n');
  expect(states.read(NOW)).toMatchObject([
    { cgroup: '/app', cpuNs: 250n, memoryBytes: 4096n, readBytes: 10n, writeBytes: 0n },
  ]);
});

test('a store sums them up by span, and lets them go with their age', () => {
  const directory = freshFolder();
  let now = NOW;
  const options = {
    ...{ directory, keepMs: 3_600_000, maxBytes: 1e12, bootId: 'boot-1', bootNs: () => 0n },
    now: () => now,
    onProblem: (message: string) => {
      throw new Error(message);
    },
  };
  const state = (ms: number, cgroup: string, cpuNs: bigint, memoryBytes: bigint | null) => ({
    ...{ timeNs: BigInt(ms) * 1_000_000n, cgroup, cpuNs, memoryBytes },
    ...{ readBytes: 1n, writeBytes: null },
  });
  using writer = new StoreWriter(options);
  writer.addCgroupStates([state(NOW, '/a', 5n, 100n), state(NOW, '/b', 9n, null)]);
  writer.addCgroupStates([state(NOW + 10_000, '/a', 7n, 50n)]);
  writer.flush();
  using reader = new StoreReader(directory);
  expect(reader.summary({}).cgroups).toEqual([
    { cgroup: '/a', cpuNs: 12n, maxMemoryBytes: 100n, readBytes: 2n, writeBytes: null },
    { cgroup: '/b', cpuNs: 9n, maxMemoryBytes: null, readBytes: 1n, writeBytes: null },
  ]);
  const later = { sinceNs: BigInt(NOW + 5000) * 1_000_000n };
  expect(reader.summary(later).cgroups).toMatchObject([{ cgroup: '/a', cpuNs: 7n }]);
  now = NOW + 2 * 3_600_000;
  writer.flush();
  expect(reader.summary({}).cgroups).toEqual([]);
});
