// Labels of samples: two processes of one name are two groups of samples in pprof and OTLP, and one flame graph.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProfileStack, parseOtlp, parsePprof } from '@waggle/formats';
import { cgroupMount, newCgroup } from './support/cgroups.ts';
import { parseFolded } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

/** Of the stacks that end in the function, by a label. */
function samplesBy(stacks: readonly ProfileStack[], label: string): Map<unknown, number> {
  const found = new Map<unknown, number>();
  for (const { frames, count, labels = {} } of stacks)
    if (frames.some(({ name }) => name === 'burn'))
      found.set(labels[label], (found.get(labels[label]) ?? 0) + count);
  return found;
}

async function recorded(args: readonly string[], ...extensions: readonly string[]) {
  const folder = freshFolder();
  const paths = extensions.map((extension) => join(folder, `out${extension}`));
  const outputs = paths.flatMap((path) => ['-o', path]);
  const { code, stderr } = await Waggle.run(['record', '-F', '999', ...outputs, ...args]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return paths;
}

describe('samples of two processes of one name', () => {
  kernelTest('are told apart by pid in pprof and OTLP, and are one in folded stacks', async () => {
    await using one = new TestProcess([workload('named_threads'), '60000', '0']);
    await using two = new TestProcess([workload('named_threads'), '60000', '0']);
    const pids = [one.pid, two.pid];
    const args = ['-p', pids.join(','), '-d', '1s'];
    const [pprof = '', otlp = '', folded = ''] = await recorded(args, '.pb.gz', '.otlp', '.folded');
    for (const { stacks } of [parsePprof(readFileSync(pprof)), parseOtlp(readFileSync(otlp))]) {
      expect([...samplesBy(stacks, 'pid').keys()].sort()).toEqual(pids.sort());
      expect([...samplesBy(stacks, 'comm').keys()]).toEqual(['named_threads']);
      expect([...samplesBy(stacks, 'tid').keys()]).toEqual([undefined]);
    }
    const burning = parseFolded(readFileSync(folded, 'utf8')).filter(
      ({ frames }) => frames.at(-1) === 'burn',
    );
    expect(burning.length).toBe(1);
    const inPprof = samplesBy(parsePprof(readFileSync(pprof)).stacks, 'pid');
    const sum = [...inPprof.values()].reduce((total, count) => total + count, 0);
    expect(burning[0]?.count ?? 0).toBeLessThanOrEqual(sum);
    // The labels are those of the file, and stay with a conversion.
    const again = join(freshFolder(), 'again.otlp');
    expect((await Waggle.run(['convert', pprof, again])).code).toBe(0);
    expect(samplesBy(parseOtlp(readFileSync(again)).stacks, 'pid')).toEqual(inPprof);
  });

  kernelTest('and their threads with --group-by thread', async () => {
    const command = ['--', workload('named_threads'), '200', '200'];
    const [file = ''] = await recorded(['--group-by', 'thread', ...command], '.pb.gz');
    const { stacks } = parsePprof(readFileSync(file));
    expect([...samplesBy(stacks, 'thread').keys()].sort()).toEqual(['heavy', 'light']);
    expect(samplesBy(stacks, 'tid').size).toBe(2);
    expect(samplesBy(stacks, 'pid').size).toBe(1);
  });

  kernelTest('what --redact matches is in no label', async () => {
    const command = ['--redact', 'named_(.*)', '--', workload('named_threads'), '200', '0'];
    const [file = ''] = await recorded(command, '.pb.gz');
    const { stacks } = parsePprof(readFileSync(file));
    for (const { labels } of stacks) expect(JSON.stringify(labels)).not.toContain('threads');
  });
});

const mount = cgroupMount('v2');
optionalKernelTest(
  'a container and its cgroup are labels',
  mount === undefined ? 'no cgroup v2 is mounted' : undefined,
  async () => {
    const id = process.pid.toString(16).padEnd(64, 'e');
    await using container = newCgroup(mount ?? '', `docker-${id}.scope`);
    const folder = freshFolder();
    const path = join(folder, 'out.pb.gz');
    await using waggle = await Waggle.record(['-F', '999', '-o', path, '--container', id]);
    await container.run(workload('named_threads'), '200', '0');
    await waggle.stop('SIGINT');
    const { stacks } = parsePprof(readFileSync(path));
    expect([...samplesBy(stacks, 'container').keys()]).toEqual([id]);
    const [cgroup] = [...samplesBy(stacks, 'cgroup').keys()];
    expect(cgroup).toEndWith(`/docker-${id}.scope`);
  },
);
