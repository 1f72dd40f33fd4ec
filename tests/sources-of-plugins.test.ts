// A plugin brings BPF of its own: built by the same builder, loaded with the session, its records in order
// with the events, and each of them delivered or counted. Without a line for it in core.

import { beforeAll, describe, expect } from 'bun:test';
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createAgent, definePlugin, defineSource, KernelRefused } from '@waggle/core';
import { buildSource } from '../packages/bpf/src/build/index.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const root = resolve(import.meta.dir, '..');

/** What the generated module's types would be, as far as they are used here. */
type Opened = typeof import('../examples/open-files.bpf.ts')['default'] & {
  readonly name: 'opened';
};

let opened: Opened;

beforeAll(async () => {
  const source = join(freshFolder(), 'opened.bpf.c');
  copyFileSync(join(import.meta.dir, 'workloads/opened.bpf.c'), source);
  const importFrom = join(root, 'packages/bpf/src/index.ts');
  const { output } = buildSource(source, { importFrom });
  opened = (await import(output)).default;
});

interface Seen {
  readonly what: string;
  readonly pid: number;
  readonly number?: number;
}

/** Runs a workload with a plugin that takes both kinds of records. */
async function opens(count: number, { ringBytes }: { readonly ringBytes?: number } = {}) {
  const inOrder: Seen[] = [];
  const own: { tgid: number; found: boolean; number: number; comm: string }[] = [];
  let made = 0;
  let lost = 0;
  const source = defineSource(opened, { hooks: { opens: ['on_open' as never] } });
  const plugin = definePlugin({
    name: 'opens',
    kernel: { events: ['exec', 'exit'] },
    sources: [source],
    queue: { whenFull: 'block' },
    setup({ source: loaded }) {
      const mine = loaded(source);
      mine.onRecords({
        opened_record: ({ tgid, number }: { tgid: number; number: number }) =>
          void inOrder.push({ what: 'open', pid: tgid, number }),
        own_record: (record: (typeof own)[number]) => void own.push(record),
      } as never);
      return {
        observe: {
          exec: ({ pid }) => void inOrder.push({ what: 'exec', pid }),
          exit: ({ pid }) => void inOrder.push({ what: 'exit', pid }),
        },
        end() {
          lost = mine.lost();
          const map = mine.map('made' as never);
          for (const key of map.keys()) made += Number(map.get(key) ?? 0);
        },
      };
    },
  });
  const agent = await createAgent({
    plugins: [plugin],
    command: [workload('open_files'), String(count), '3'],
    stopOn: [],
    ringBytes,
  });
  const report = await agent.finished;
  return { inOrder, own, made, lost, report };
}

describe('a source of a plugin', () => {
  kernelTest('has its records among the events, in order', async () => {
    const { inOrder, own, made, lost, report } = await opens(500);
    expect(report.programs).toMatchObject({ opens: { state: 'attached', method: 'tp_btf' } });
    const pid = inOrder.find(({ what }) => what === 'exec')?.pid;
    const of = inOrder.filter((seen) => seen.pid === pid).map(({ what }) => what);
    expect(of[0]).toBe('exec');
    expect(of.at(-1)).toBe('exit');
    const numbers = inOrder.flatMap(({ what, number = 0 }) => (what === 'open' ? [number] : []));
    expect(numbers).toEqual(Array.from({ length: made }, (_, index) => index + 1));
    expect(made).toBe(503);
    expect(lost).toBe(0);
    expect(own.map(({ number }) => number)).toEqual(numbers);
    expect(own.filter(({ found }) => !found).length).toBe(3);
    expect(own.at(-1)).toMatchObject({ tgid: pid, comm: 'open_files', found: false });
    expect(report.events.lost).toEqual({ fork: 0, exec: 0, exit: 0, 'failed-exec': 0 });
  });

  kernelTest('counts each record that a full ring did not take', async () => {
    const { inOrder, made, lost, report } = await opens(30_000, { ringBytes: 4096 });
    const delivered = inOrder.filter(({ what }) => what === 'open').length;
    expect(lost).toBeGreaterThan(0);
    expect(delivered + lost).toBe(made);
    const { delivered: events, lost: lostEvents } = report.events;
    expect(events.exec + lostEvents.exec).toBe(1);
    expect(events.exit + lostEvents.exit).toBe(1);
  });

  kernelTest('that the kernel refuses has another in its place, or none starts', async () => {
    const refused = defineSource(opened, {
      hooks: { opens: ['refused_open' as never] },
      required: ['opens'],
    });
    const plugin = (source: typeof refused, loaded: string[]) =>
      definePlugin({
        name: 'opens',
        sources: [source],
        setup({ source: own }) {
          loaded.push(...(own(source).loaded.hooks.opens ?? []));
          return {};
        },
      });
    const without = createAgent({ plugins: [plugin(refused, [])], stopOn: [] });
    await expect(without).rejects.toBeInstanceOf(KernelRefused);
    const orElse = defineSource(opened, { hooks: { opens: ['on_open' as never] } });
    const loaded: string[] = [];
    const agent = await createAgent({
      plugins: [plugin({ ...refused, orElse }, loaded)],
      stopOn: [],
    });
    await agent.stop();
    expect(loaded).toEqual(['on_open']);
  });

  kernelTest('is refused to a plugin that did not declare it', async () => {
    const source = defineSource(opened, { hooks: {} });
    const plugin = definePlugin({
      name: 'asks',
      setup({ source: own }) {
        own(source);
        return {};
      },
    });
    const agent = createAgent({ plugins: [plugin], stopOn: [] });
    await expect(agent).rejects.toThrow(/asks for the source opened, which it does not declare/);
  });
});

describe('open-files', () => {
  kernelTest('counts the files that each process opened, and those that it could not', async () => {
    const example = join(root, 'examples/open-files.ts');
    await using waggle = new Waggle(['run', example]);
    await waggle.says(/ready/);
    for (const count of ['0', '7', '1000'])
      await run(workload('open_files'), count, String(2 * Number(count)));
    await Bun.sleep(300);
    const { code, stdout } = await waggle.stop();
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const of = (count: string) =>
      lines.find(({ argv }) => argv?.[0] === workload('open_files') && argv[1] === count);
    // What its parent's child opens before it becomes the program comes on top, every time.
    const before = of('0')?.opened ?? 0;
    expect(of('7')).toMatchObject({ comm: 'open_files', opened: before + 7, failed: 14 });
    expect(of('1000')).toMatchObject({ opened: before + 1000, failed: 2000 });
  });
});
