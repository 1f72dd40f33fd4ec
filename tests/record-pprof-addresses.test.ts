// The pprof files of `waggle record` in the hands of `go tool pprof`: it finds the code of every mapping,
// in programs at fixed addresses and elsewhere, though each process had them somewhere else. And code
// that has no names has one for each function.

import { describe, expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePprof } from '@waggle/formats';
import { parseFolded, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const go = Bun.which('go', { PATH: `${process.env.PATH}:/usr/local/go/bin` }) ?? undefined;

interface Made {
  readonly folded: string;
  readonly pprof: string;
}

async function record(command: readonly string[], ...args: string[]): Promise<Made> {
  const folder = freshFolder();
  const made = { folded: join(folder, 'a.folded'), pprof: join(folder, 'a.pb.gz') };
  const { code, stderr } = await Waggle.run([
    ...['record', '-F', '999', ...args, '-o', made.folded, '-o', made.pprof, '--', ...command],
  ]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return made;
}

/** What `go tool pprof` says; a panic is on stderr and ends it with 2. */
function pprof(file: string, ...args: string[]): string {
  const env = { ...process.env, PPROF_TMPDIR: freshFolder() };
  const command = [go ?? '', 'tool', 'pprof', '-sample_index=samples', ...args, file];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { env, stderr: 'pipe' });
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  return stdout.toString();
}

/** The source of all code that a pattern names, as a page; that of everything is the view Source. */
function weblist(file: string, pattern: string): string {
  const page = join(freshFolder(), 'list.html');
  pprof(file, `-weblist=${pattern}`, `-output=${page}`);
  return readFileSync(page, 'utf8');
}

const TIMEOUT_MS = 300_000;
const strip = (path: string, ...args: string[]): string => {
  const stripped = join(freshFolder(), 'stripped');
  const { success, stderr } = Bun.spawnSync([
    'strip',
    '--strip-all',
    ...args,
    '-o',
    stripped,
    path,
  ]);
  if (!success) throw new Error(stderr?.toString());
  return stripped;
};

describe('a pprof file', () => {
  for (const name of ['call_tree', 'call_tree_nofp_fixed'] as const)
    kernelTest(
      `of ${name}: addresses are in their mappings, and go tool pprof disassembles them`,
      async () => {
        const program = workload(name);
        // Three processes, each at addresses of its own.
        const run = `${program} 200; ${program} 200; exec ${program} 300`;
        const { pprof: file } = await record(['sh', '-c', run]);
        const { stacks, metadata } = parsePprof(readFileSync(file));
        expect(metadata.mainObject).toBe(program);
        const frames = stacks.flatMap((stack) => stack.frames);
        const leaves = new Set(stacks.map((stack) => stack.frames.at(-1)));
        const places = new Set<bigint>();
        let placed = 0;
        for (const frame of frames) {
          const { name: called, object, address, mapping } = frame;
          if (object !== program) continue;
          if (address === undefined || mapping === undefined) continue;
          expect(address >= mapping.start && address < mapping.limit).toBe(true);
          expect(mapping.buildId).toMatch(/^[0-9a-f]{40}$/);
          placed++;
          if (called === 'main' && !leaves.has(frame)) places.add(address);
        }
        expect(placed).toBeGreaterThan(
          0.9 * frames.filter(({ object }) => object === program).length,
        );
        // Where main calls from, whatever the process: as few places as one process has.
        expect(places.size).toBeWithin(1, 4);
        const kernel = frames.filter(({ kind }) => kind === 'kernel');
        expect(
          kernel.filter(({ address }) => address !== undefined && address < 1n << 63n),
        ).toEqual([]);
        expect(kernel.filter(({ address }) => address !== undefined).length).toBeGreaterThan(0);
        if (go === undefined) return;
        const code = pprof(file, '-disasm=sixty');
        expect(code).toContain('ROUTINE ======================== sixty');
        const [, flat = '0'] = /^\s*(\d+)\s+\d+ \(flat, cum\)/m.exec(code) ?? [];
        expect(Number(flat)).toBeGreaterThan(200);
        expect(code).toMatch(/^\s+\d+\s+\d+\s+[0-9a-f]+: \S+/m);
        // Given the binary, and without.
        const given = pprof(file, '-disasm=sixty', program);
        expect(given.split('\n').length).toBe(code.split('\n').length);
        expect(pprof(file, '-top', '-addresses')).toContain('sixty');
        expect(pprof(file, '-peek=^sixty$')).toContain('work');
        expect(weblist(file, '.')).toContain(`File: ${name}`);
      },
      TIMEOUT_MS,
    );

  kernelTest(
    'with lines shows the source of what was inlined',
    async () => {
      const { pprof: file } = await record([workload('inlined'), '500'], '--lines');
      if (go === undefined) return;
      expect(pprof(file, '-list=callee')).toContain('inlined.c');
      expect(weblist(file, 'callee')).toContain('inlined.c');
    },
    TIMEOUT_MS,
  );

  kernelTest(
    'of a conversion has no addresses, and is no reason for a panic',
    async () => {
      const { folded, pprof: file } = await record([workload('call_tree'), '300']);
      const again = join(freshFolder(), 'b.pb.gz');
      expect((await Waggle.run(['convert', file, again])).code).toBe(0);
      const plain = join(freshFolder(), 'c.pb.gz');
      expect((await Waggle.run(['convert', folded, plain])).code).toBe(0);
      const [before, after] = [file, again].map((path) => parsePprof(readFileSync(path)));
      expect(after?.stacks).toEqual(before?.stacks ?? []);
      expect(after?.metadata.mainObject).toBe(workload('call_tree'));
      if (go === undefined) return;
      for (const path of [again, plain]) expect(weblist(path, '.')).toContain('<html');
    },
    TIMEOUT_MS,
  );
});

describe('code without symbols', () => {
  for (const name of ['call_tree', 'call_tree_nofp_fixed', 'call_tree_nofp_static'] as const)
    kernelTest(`of a stripped ${name} has one name for each function`, async () => {
      const { folded, pprof: file } = await record([strip(workload(name)), '600']);
      const stacks = parseFolded(readFileSync(folded, 'utf8'));
      const leaves = new Map<string, number>();
      for (const { frames, count } of stacks) {
        const leaf = frames.at(-1) ?? '';
        if (leaf.startsWith('[stripped+')) leaves.set(leaf, (leaves.get(leaf) ?? 0) + count);
      }
      const total = [...leaves.values()].reduce((sum, count) => sum + count, 0);
      const [sixty = 0, twentyFive = 0, fifteen = 0] = [...leaves.values()].sort((a, b) => b - a);
      expect(total).toBeGreaterThan(300);
      expect(leaves.size).toBeLessThan(12);
      expect((100 * sixty) / total).toBeWithin(50, 70);
      expect((100 * (sixty + twentyFive + fifteen)) / total).toBeGreaterThan(95);
      // Its places are told apart where there is room for that.
      const [busiest = ''] = [...leaves].sort(([, a], [, b]) => b - a)[0] ?? [];
      expect(samplesWith(stacks, busiest)).toBeGreaterThanOrEqual(sixty);
      const addresses = parsePprof(readFileSync(file)).stacks.flatMap(({ frames }) =>
        frames.filter((frame) => frame.name === busiest).map(({ address }) => address),
      );
      expect(new Set(addresses).size).toBeGreaterThan(1);
      expect(addresses).not.toContain(undefined);
    });

  kernelTest(
    'has the names that its loader goes by where section headers were cut off',
    async () => {
      const program = join(freshFolder(), 'cut');
      const bytes = readFileSync(workload('call_tree_exported'));
      // e_shoff, e_shentsize, e_shnum and e_shstrndx, as sstrip leaves them.
      bytes.writeBigUInt64LE(0n, 40);
      bytes.fill(0, 58, 64);
      writeFileSync(program, bytes, { mode: 0o755 });
      const { folded } = await record([program, '300']);
      const stacks = parseFolded(readFileSync(folded, 'utf8'));
      expect(samplesWith(stacks, 'sixty')).toBeGreaterThan(100);
      // Without frame pointers too: the loader knows where its call frame information is.
      const whole = stacks.filter(
        ({ frames }) => frames.includes('main') && frames.includes('sixty'),
      );
      expect(whole.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(100);
    },
  );
});
