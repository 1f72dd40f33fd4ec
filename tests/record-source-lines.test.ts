// What `record --lines` adds: the file and line of each function, and functions that the compiler
// inlined, where they stand in the source: between the one that they are in and what they call.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createAgent, type FrameCount, profileOutput } from '@waggle/core';
import { formatForPath, type Profile, type ProfileFrame } from '@waggle/formats';
import { parseFolded, samples, samplesUnder, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const source = readFileSync(join(import.meta.dir, 'workloads/inlined.c'), 'utf8').split('\n');
/** The line that says so in a comment. */
const lineOf = (word: string) => 1 + source.findIndex((line) => line.includes(`/* ${word} */`));

/** `function file:line` of what is in the workload's own code, root first. */
const placesOf = (frames: readonly ProfileFrame[]) =>
  frames
    .filter(({ object }) => object?.endsWith('/inlined'))
    .filter(({ name }) => name !== '_start')
    .map(({ name, file = '', line, inlined }) => {
      return `${inlined ? '+' : ''}${name} ${basename(file)}:${line}`;
    });

function read(path: string): Profile {
  const profile = formatForPath(path)?.parse?.(readFileSync(path));
  if (profile === undefined) throw new Error(`${path} cannot be read back`);
  return profile;
}

async function record(names: readonly string[], ...args: string[]): Promise<string[]> {
  const folder = freshFolder();
  const outputs = names.map((name) => join(folder, name));
  const { code, stderr } = await Waggle.run([
    ...['record', '-F', '999', ...args, ...outputs.flatMap((path) => ['-o', path])],
    ...['--', workload('inlined'), '1500'],
  ]);
  if (code !== 0) throw new Error(stderr);
  return outputs;
}

const through = (...functions: string[]) => [
  `main inlined.c:${lineOf('LINE_OF_CALLER')}`,
  `caller inlined.c:${lineOf('LINE_OF_MIDDLE')}`,
  ...functions,
];
const IN_MIDDLE = through(
  `+middle inlined.c:${lineOf('LINE_OF_UNIT_IN_MIDDLE')}`,
  `+unit inlined.c:${lineOf('LINE_OF_UNIT')}`,
);
const IN_CALLEE = through(
  `+middle inlined.c:${lineOf('LINE_OF_CALLEE')}`,
  `callee inlined.c:${lineOf('LINE_OF_UNIT_IN_CALLEE')}`,
  `+unit inlined.c:${lineOf('LINE_OF_UNIT')}`,
);

describe('record --lines', () => {
  kernelTest('has the file and line of every call, and what was inlined', async () => {
    const names = ['a.pb.gz', 'a.speedscope.json', 'a.json', 'a.otlp', 'a.folded', 'a.svg'];
    const outputs = await record(names, '--lines');
    const [pprof = '', , , , folded = '', svg = ''] = outputs;
    const counts = new Map<string, number>();
    const { stacks } = read(pprof);
    for (const { frames, count } of stacks) {
      const places = placesOf(frames).join(' ');
      counts.set(places, (counts.get(places) ?? 0) + count);
    }
    const total = stacks.reduce((sum, { count }) => sum + count, 0);
    const share = (places: readonly string[]) =>
      (100 * (counts.get(places.join(' ')) ?? 0)) / total;
    expect(share(IN_MIDDLE)).toBeWithin(35, 45);
    expect(share(IN_CALLEE)).toBeWithin(55, 65);
    // Every format that is read back has the same stacks; what has names alone has each once.
    for (const path of outputs.slice(1, 4)) {
      const places = new Map<string, number>();
      for (const { frames, count } of read(path).stacks) {
        const key = placesOf(frames).join(' ');
        places.set(key, (places.get(key) ?? 0) + count);
      }
      expect(places).toEqual(counts);
    }
    const text = readFileSync(folded, 'utf8');
    const byName = parseFolded(text);
    expect(new Set(byName.map(({ frames }) => frames.join(';'))).size).toBe(byName.length);
    const inCallee = samplesUnder(byName, 'caller', 'middle', 'callee', 'unit');
    const inMiddle = samplesUnder(byName, 'caller', 'middle', 'unit');
    expect(Math.abs((100 * inCallee) / (inCallee + inMiddle) - 60)).toBeLessThan(6);
    expect(inCallee + inMiddle).toBeGreaterThan(0.95 * samples(byName));
    expect(readFileSync(svg, 'utf8')).toContain(`/inlined.c:${lineOf('LINE_OF_MIDDLE')}`);
  });

  kernelTest('is off unless it is asked for: functions as the linker knows them', async () => {
    const [pprof = '', folded = ''] = await record(['a.pb.gz', 'a.folded']);
    const stacks = parseFolded(readFileSync(folded, 'utf8'));
    expect(samplesUnder(stacks, 'main', 'caller', 'callee')).toBeGreaterThan(500);
    for (const inlined of ['middle', 'unit']) expect(samplesWith(stacks, inlined)).toBe(0);
    const frames = read(pprof).stacks.flatMap((stack) => stack.frames);
    expect(frames.filter(({ file, line, inlined }) => file || line || inlined)).toEqual([]);
  });

  kernelTest('reads separate debug files as well', async () => {
    const program = join(freshFolder(), 'inlined');
    const tool = (...args: string[]) => {
      const { success, stderr } = Bun.spawnSync(['objcopy', ...args], { stderr: 'pipe' });
      if (!success) throw new Error(stderr.toString());
    };
    tool('--only-keep-debug', workload('inlined'), `${program}.debug`);
    tool('--strip-all', `--add-gnu-debuglink=${program}.debug`, workload('inlined'), program);
    const path = join(freshFolder(), 'a.folded');
    const { code, stderr } = await Waggle.run([
      ...['record', '--lines', '-F', '999', '-o', path, '--', program, '500'],
    ]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const stacks = parseFolded(readFileSync(path, 'utf8'));
    expect(samplesUnder(stacks, 'main', 'caller', 'middle', 'callee', 'unit')).toBeGreaterThan(200);
  });

  kernelTest('an agent gets lines with single stacks, inlined functions one by one', async () => {
    const raw: FrameCount[] = [];
    const agent = await createAgent({
      profile: { frequencyHz: 999, lines: true, raw: true },
      command: [workload('inlined'), '500'],
      plugins: [profileOutput({ sink: { writeStacks: (stacks) => void raw.push(...stacks) } })],
    });
    await agent.finished;
    const inCallee = raw.filter(({ frames }) => frames.some(({ symbol }) => symbol === 'callee'));
    expect(inCallee.length).toBeGreaterThan(0);
    for (const { frames } of inCallee) {
      const at = frames.findIndex(({ symbol }) => symbol === 'callee');
      const [caller, middle, callee] = frames.slice(at - 2, at + 1);
      expect([caller, middle, callee].map((frame) => [frame?.symbol, frame?.inlined])).toEqual([
        ['caller', false],
        ['middle', true],
        ['callee', false],
      ]);
      expect(caller?.source).toEndWith(`/inlined.c:${lineOf('LINE_OF_MIDDLE')}`);
      expect(middle?.source).toEndWith(`/inlined.c:${lineOf('LINE_OF_CALLEE')}`);
      expect(middle?.address).toBe(caller?.address as bigint);
    }
  });
});
