import { afterAll, describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../../test/build-elf.ts';
import { entryAt, NO_RANGES, overlay, resolveLatest } from '../latest-ranges.ts';
import { PerfMapEntries } from './entries.ts';
import { PerfMap, type PerfMapOptions } from './perf-map.ts';

const root = mkdtempSync(join(tmpdir(), 'waggle-perf-map-'));
afterAll(() => rmSync(root, { recursive: true }));
const path = '/perf-7.map';
const file = join(root, path);

function mapOf(content: string | Uint8Array, options: PerfMapOptions = {}): PerfMap {
  writeFileSync(file, content);
  const map = PerfMap.open(root, path, options);
  if (map === undefined) throw new Error('the map was not opened');
  return map;
}

/** As if it had been written to at that very moment. */
function refreshNow(map: PerfMap, now: number): void {
  const written = new Date(Date.now() + 60_000);
  utimesSync(file, written, written);
  map.refresh(now);
}

describe('lines', () => {
  test('what runtimes write', () => {
    using map = mapOf(
      '7f0010 40 LazyCompile:*main /app/index.js:1\n0x7f0100 0x20 b\r\n7F0200  8   spaced name \n',
    );
    expect(map.lookup(0x7f0010)).toEqual({
      name: 'LazyCompile:*main /app/index.js:1',
      start: 0x7f0010,
      size: 0x40,
    });
    expect(map.lookup(0x7f004f)?.name).toStartWith('LazyCompile');
    expect(map.lookup(0x7f0050)).toBeUndefined();
    expect(map.lookup(0x7f011f)).toEqual({ name: 'b', start: 0x7f0100, size: 0x20 });
    expect(map.lookup(0x7f0207)?.name).toBe('spaced name ');
    expect(map.lookup(0)).toBeUndefined();
    expect(map.badLines).toBe(0);
  });

  test('what is no entry is counted and passed over', () => {
    const bad = [
      'hello',
      '1000',
      '1000 10',
      '1000 10 ',
      '1000 0 no size',
      '-1000 10 negative',
      'ffffffffffffffffff 10 too long',
      'ffffffffffffffff 10 too high',
      '1000 fffffffffffffff too large',
      '0x 10 no digits',
      ' 1000 10 indented',
      '1000\t10\ttabs',
    ];
    using map = mapOf(`${bad.join('\n')}\n\n\r\n2000 10 good\n`);
    expect(map.badLines).toBe(bad.length);
    expect(map.size).toBe(1);
    expect(map.lookup(0x2000)?.name).toBe('good');
  });

  test('bytes that are no text are no harm', () => {
    const random = seeded(3);
    using map = mapOf(Uint8Array.from({ length: 500_000 }, () => random() * 256));
    expect(map.lookup(0x2000)).toBeUndefined();
    const line = Buffer.from('3000 10 a\xff\xfe\x1b[2Jb\n', 'latin1');
    using other = mapOf(line);
    expect(other.lookup(0x3000)?.name).toBe('a\ufffd\ufffd\x1b[2Jb');
  });

  test('a line of megabytes is one bad line', () => {
    using map = mapOf(`1000 10 ${'x'.repeat(3_000_000)}\n2000 10 next\n`);
    expect(map.badLines).toBe(1);
    expect(map.lookup(0x2000)?.name).toBe('next');
  });

  test('limits', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `${(i * 16).toString(16)} 10 name${i}\n`);
    using few = mapOf(lines.join(''), { maxEntries: 10 });
    expect(few.size).toBe(10);
    expect(few.truncated).toBe(true);
    using short = mapOf(lines.join(''), { maxName: 3 });
    expect(short.lookup(0x20)?.name).toBe('nam');
    expect(short.truncated).toBe(false);
    using little = mapOf(lines.join(''), { maxBytes: 100 });
    expect(little.size).toBeLessThan(10);
    expect(little.truncated).toBe(true);
    using names = mapOf(lines.join(''), { maxNameBytes: 50 });
    expect(names.size).toBe(10);
    expect(names.truncated).toBe(true);
  });
});

describe('growth', () => {
  test('what is appended is read, in whole lines, and later entries win', () => {
    using map = mapOf('1000 100 first\n2000 10 pa');
    expect(map.size).toBe(1);
    expect(map.refresh()).toBe(false);
    appendFileSync(file, 'rtial\n1040 20 second\n');
    expect(map.lookup(0x1050)?.name).toBe('first');
    expect(map.refresh()).toBe(true);
    expect(map.lookup(0x2000)?.name).toBe('partial');
    expect(map.lookup(0x1050)).toEqual({ name: 'second', start: 0x1040, size: 0x20 });
    expect(map.lookup(0x103f)).toEqual({ name: 'first', start: 0x1000, size: 0x100 });
    expect(map.lookup(0x1060)?.name).toBe('first');
    expect(map.refresh()).toBe(false);
  });

  test('a file that is written over is read anew', () => {
    using map = mapOf('1000 100 old\n');
    truncateSync(file, 0);
    expect(map.refresh()).toBe(true);
    expect(map.lookup(0x1000)).toBeUndefined();
    writeFileSync(file, '3000 100 new\n4000 100 longer than before\n');
    expect(map.refresh()).toBe(true);
    expect(map.lookup(0x3000)?.name).toBe('new');
    // Over in one go, and longer than what was read: only its content tells.
    writeFileSync(file, '5000 100 other\n6000 100 that is much longer than what was here before\n');
    expect(map.refresh()).toBe(true);
    expect(map.lookup(0x3000)).toBeUndefined();
    expect(map.lookup(0x5000)?.name).toBe('other');
  });

  test('what an address was called at a time', () => {
    using map = mapOf('1000 100 first\n2000 100 twice\n2000 100 at once\n');
    appendFileSync(file, '1000 100 second\n');
    refreshNow(map, 10);
    appendFileSync(file, '1000 100 third\n9000 100 late\n');
    refreshNow(map, 20);
    const at = (time: number) => map.lookup(0x1000, time)?.name;
    expect([0, 9, 10, 19, 20, 99].map(at)).toEqual([
      ...['first', 'first', 'second', 'second', 'third', 'third'],
    ]);
    // Of one reading the last, as without times; and before there was anything, what came first.
    expect(map.lookup(0x2000, 0)?.name).toBe('at once');
    expect(map.lookup(0x9000, 0)?.name).toBe('late');
  });

  test('a file that is written over answers for the time before', () => {
    using map = mapOf('');
    appendFileSync(file, '1000 100 only in the first\n2000 100 before\n');
    refreshNow(map, 10);
    writeFileSync(
      file,
      '2000 100 after that, with other bytes in it\n3000 100 only in the second\n',
    );
    refreshNow(map, 20);
    const at = (address: number, time?: number) => map.lookup(address, time)?.name;
    expect([at(0x1000, 5), at(0x1000, 15), at(0x1000, 25), at(0x1000)]).toEqual([
      ...['only in the first', 'only in the first', undefined, undefined],
    ]);
    expect([at(0x2000, 5), at(0x2000, 15)]).toEqual(['before', 'before']);
    expect(at(0x2000, 25)).toStartWith('after');
    expect([at(0x3000, 5), at(0x3000, 25)]).toEqual(['only in the second', 'only in the second']);
    expect(map.editions).toBe(2);
  });

  test('what is read was there since it was written, not since it was read', () => {
    using map = mapOf('');
    map.refresh(10e9);
    appendFileSync(file, '1000 100 a second ago\n');
    const written = new Date(Date.now() - 1000);
    utimesSync(file, written, written);
    map.refresh(20e9);
    appendFileSync(file, '1000 100 now\n');
    refreshNow(map, 30e9);
    const at = (time: number) => map.lookup(0x1000, time)?.name;
    expect([18e9, 29e9, 30e9].map(at)).toEqual(['a second ago', 'a second ago', 'now']);
  });

  test('any entries at any time agree with a model that remembers all', () => {
    const random = seeded(17);
    const entries = new PerfMapEntries({ maxEntries: 1e6, maxName: 99, maxNameBytes: 1e6 });
    const all: { start: number; end: number; since: number; name: string }[] = [];
    const modelled = (address: number, time: number) => {
      const covering = all.filter(({ start, end }) => start <= address && address < end);
      const before = covering.findLast(({ since }) => since <= time);
      const next = Math.min(...covering.map(({ since }) => since));
      return (before ?? covering.findLast(({ since }) => since === next))?.name;
    };
    for (let n = 0; n < 3000; n++) {
      const [start, size] = [0x1000 + Math.floor(random() * 3000), 1 + Math.floor(random() * 60)];
      const [since, name] = [Math.floor(n / 10), `f${n}`];
      entries.addEntry(start, size, new TextEncoder().encode(name), since);
      all.push({ start, end: start + size, since, name });
      const [address, time] = [0x1000 + Math.floor(random() * 3000), random() * 310 - 5];
      expect(entries.lookup(address, time)?.name).toBe(modelled(address, time));
    }
  });

  test('names answer after the file is removed and the map closed', () => {
    const map = mapOf('1000 100 kept\n');
    rmSync(file);
    expect(map.refresh()).toBe(false);
    map.close();
    map.close();
    expect(map.refresh()).toBe(false);
    expect(map.lookup(0x1000)?.name).toBe('kept');
  });

  test('300,000 lines, ten at a time at the end, cost little', () => {
    const line = (i: number) => `${(0x10_0000 + i * 64).toString(16)} 40 function_${i}\n`;
    using map = mapOf(Array.from({ length: 300_000 }, (_, i) => line(i)).join(''));
    expect(map.lookup(0x10_0000 + 299_999 * 64)?.name).toBe('function_299999');
    const started = performance.now();
    for (let round = 0; round < 20; round++) {
      appendFileSync(file, Array.from({ length: 10 }, (_, i) => line(round * 10 + i)).join(''));
      map.refresh();
      expect(map.lookup(0x10_0000 + round * 640)?.name).toBe(`function_${round * 10}`);
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('which file counts', () => {
  test('no link, directory, FIFO, or absent file', () => {
    rmSync(file, { force: true });
    expect(PerfMap.open(root, path)).toBeUndefined();
    writeFileSync(join(root, 'target'), '1000 10 secret\n');
    symlinkSync('target', file);
    expect(PerfMap.open(root, path)).toBeUndefined();
    rmSync(file);
    mkdirSync(file);
    expect(PerfMap.open(root, path)).toBeUndefined();
    rmSync(file, { recursive: true });
    expect(Bun.spawnSync(['mkfifo', file]).exitCode).toBe(0);
    expect(PerfMap.open(root, path)).toBeUndefined();
    rmSync(file);
  });

  test.skipIf(process.getuid?.() !== 0)('one of the owner or root', () => {
    writeFileSync(file, '1000 10 work\n');
    chownSync(file, 1234, 1234);
    const before = readdirSync('/proc/self/fd').length;
    expect(PerfMap.open(root, path, { owner: 4321 })).toBeUndefined();
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
    for (const [uid, owner] of [
      [1234, 1234],
      [0, 4321],
    ] as const) {
      chownSync(file, uid, uid);
      using map = PerfMap.open(root, path, { owner });
      expect(map?.lookup(0x1000)?.name).toBe('work');
    }
  });

  test('that of a process', () => {
    const own = `/tmp/perf-${process.pid}.map`;
    expect(PerfMap.forProcess(process.pid)).toBeUndefined();
    expect(PerfMap.forProcess(2 ** 30)).toBeUndefined();
    writeFileSync(own, '1000 10 here\n');
    try {
      using map = PerfMap.forProcess(process.pid);
      expect(map?.lookup(0x1000)?.name).toBe('here');
    } finally {
      rmSync(own);
    }
  });

  const unshare = ['unshare', '--mount', '--pid', '--fork', '--mount-proc'];
  const canUnshare = Bun.which('unshare') !== null && Bun.spawnSync([...unshare, 'true']).success;
  if (!canUnshare) console.warn('SKIPPED: no namespaces can be made, so no container is tried');
  test.skipIf(!canUnshare)('that of a process in namespaces of its own', async () => {
    const script = 'mount -t tmpfs none /tmp && echo "1000 10 inner $$" > /tmp/perf-$$.map; read _';
    const child = Bun.spawn([...unshare, 'sh', '-c', script], { stdin: 'pipe' });
    try {
      let hit: string | undefined;
      for (let tries = 0; tries < 200 && hit === undefined; tries++) {
        await Bun.sleep(10);
        const children = `/proc/${child.pid}/task/${child.pid}/children`;
        const inner = Number(readFileSync(children, 'utf8'));
        if (inner === 0) continue;
        using map = PerfMap.forProcess(inner);
        hit = map?.lookup(0x1000)?.name;
      }
      expect(hit).toBe('inner 1');
    } finally {
      child.stdin.end();
      await child.exited;
    }
  });

  const node = Bun.which('node');
  if (node === null) console.warn('SKIPPED: node is not installed, no real perf map can be read');
  test.skipIf(node === null)('that of a running node, while it grows', async () => {
    // Another source each time, or the code would come from V8's cache.
    const program = `let n = 0;
      setInterval(() => {
        n++;
        const work = new Function('k', 'let s = ' + n + '; while (k--) s += k; return s;');
        for (let i = 0; i < 300; i++) work(1000);
      }, 2);`;
    const child = Bun.spawn([node as string, '--perf-basic-prof', '-e', program], {
      stdout: 'ignore',
      // Node leaves a log of its own where it runs.
      cwd: root,
    });
    try {
      let map: PerfMap | undefined;
      for (let i = 0; i < 200 && map === undefined; i++) {
        await Bun.sleep(25);
        map = PerfMap.forProcess(child.pid);
      }
      if (map === undefined) throw new Error('node wrote no map');
      const atFirst = map.size;
      for (let i = 0; i < 200 && map.size <= atFirst + 100; i++) {
        await Bun.sleep(25);
        map.refresh();
      }
      expect(map.size).toBeGreaterThan(atFirst + 100);
      expect(map.badLines).toBe(0);
      map.close();
    } finally {
      child.kill();
      await child.exited;
      rmSync(`/tmp/perf-${child.pid}.map`, { force: true });
    }
  });
});

test('ranges agree with a model that paints every address', () => {
  const random = seeded(9);
  for (let round = 0; round < 200; round++) {
    const starts: number[] = [];
    const ends: number[] = [];
    const model = new Int32Array(200).fill(-1);
    let ranges = NO_RANGES;
    for (let batch = 0; batch < 4; batch++) {
      const first = starts.length;
      for (let n = Math.floor(random() * 12); n > 0; n--) {
        const start = Math.floor(random() * 180);
        const end = start + 1 + Math.floor(random() * 20 * random());
        model.fill(starts.length, start, end);
        starts.push(start);
        ends.push(end);
      }
      ranges = overlay(ranges, resolveLatest(starts, ends, first, starts.length));
      for (let address = 0; address < 200; address++) {
        expect(entryAt(ranges, address)).toBe(model[address] as number);
      }
      for (let i = 1; i < ranges.count; i++) {
        expect(ranges.start[i]).toBeGreaterThanOrEqual(ranges.end[i - 1] as number);
      }
    }
  }
});
