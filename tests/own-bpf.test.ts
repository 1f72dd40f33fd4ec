// BPF of an agent's author: programs of every kind, maps of the usual types, and what is said where the kernel
// takes a program not. Its records are in own-bpf-events.test.ts.

import { beforeAll, describe, expect } from 'bun:test';
import { copyFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Skeleton, Source } from '@waggle/bpf';
import { createAgent, definePlugin, defineSource, KernelRefused } from '@waggle/core';
import { PerfEvent } from '@waggle/ffi';
import { buildSource } from '../packages/bpf/src/build/index.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { freshFolder } from './support/workloads.ts';

const root = resolve(import.meta.dir, '..');
/** Programs and maps of attach_kinds.bpf.c; what its types are is tested by those of the examples. */
let kinds: Skeleton;

beforeAll(async () => {
  const source = join(freshFolder(), 'attach_kinds.bpf.c');
  copyFileSync(join(import.meta.dir, 'workloads/attach_kinds.bpf.c'), source);
  const importFrom = join(root, 'packages/core/src/bpf.ts');
  kinds = (await import(buildSource(source, { importFrom }).output)).default;
});

const KIND: Readonly<Record<string, number>> = {
  tp_btf: 1,
  raw_tp: 2,
  tracepoint: 3,
  uprobe: 6,
  uretprobe: 7,
  lsm: 10,
  perf_event: 11,
};

function sourceOf(hooks: Readonly<Record<string, readonly string[]>>, more: object = {}): Source {
  return defineSource(kinds, { hooks, ...more } as never);
}

/** Runs an agent with that source while `work` is done; what `look` sees of it then. */
async function withSource<T>(
  source: Source,
  look: (
    loaded: ReturnType<Parameters<Parameters<typeof definePlugin>[0]['setup']>[0]['source']>,
  ) => T,
  work: () => Promise<unknown> | undefined = async () => {},
): Promise<{ seen: T; programs: Readonly<Record<string, unknown>> }> {
  let loaded: Parameters<typeof look>[0] | undefined;
  const plugin = definePlugin({
    name: 'kinds',
    sources: [source],
    setup({ source: own }) {
      loaded = own(source) as never;
      return {};
    },
  });
  const agent = await createAgent({ plugins: [plugin], metadata: false, stopOn: [] });
  try {
    await work();
    if (loaded === undefined) throw new Error('the plugin was not set up');
    return { seen: look(loaded), programs: agent.report().programs };
  } finally {
    await agent.stop();
  }
}

/** Where it is not mounted, until it goes out of scope. */
async function mountedTracefs(): Promise<AsyncDisposable> {
  const folder = '/sys/kernel/tracing';
  const isMounted = existsSync(join(folder, 'events'));
  if (!isMounted) await run('mount', '-t', 'tracefs', 'tracefs', folder);
  return {
    async [Symbol.asyncDispose]() {
      if (!isMounted) await run('umount', folder);
    },
  };
}

describe('a program', () => {
  kernelTest('is attached where its section says, of each kind that this kernel has', async () => {
    // Classic tracepoints are events of tracefs.
    await using _tracefs = await mountedTracefs();
    const names = ['tp_btf', 'raw_tp', 'tracepoint', 'uprobe', 'uretprobe'];
    const hooks = Object.fromEntries(names.map((name) => [name, [`on_${name}`]]));
    const { seen, programs } = await withSource(
      sourceOf(hooks, { settings: { watched: process.pid } }),
      (loaded) => names.map((name) => [name, loaded.map('counts').get(KIND[name] as never)]),
      async () => {
        existsSync('/proc/self/status');
        await Bun.file('/etc/hostname').text();
        // Calls getpid of libc, which Bun does not.
        const { dlopen } = await import('bun:ffi');
        const libc = dlopen('libc.so.6', { getpid: { returns: 'i32' } });
        for (let i = 0; i < 5; i++) libc.symbols.getpid();
      },
    );
    for (const name of names)
      expect(programs[name]).toMatchObject({ state: 'attached', method: name });
    for (const [name, count] of seen)
      expect({ name, some: Number(count) > 0 }).toEqual({ name, some: true });
  });

  kernelTest('of an iterator runs through all that there is', async () => {
    const { seen } = await withSource(sourceOf({ tasks: ['on_iter'] }), (loaded) =>
      loaded.iterate('tasks'),
    );
    const pids = new Uint32Array(seen.slice().buffer);
    expect([...pids]).toContain(process.pid);
  });

  kernelTest('that names no place is attached by its plugin', async () => {
    const source = sourceOf({ samples: ['on_perf_event'] }, { settings: { watched: process.pid } });
    const plugin = definePlugin({
      name: 'samples',
      sources: [source],
      needs: { kernel: (await import('@waggle/core')).Kernel },
      setup({ source: own, services: { kernel }, onClose }) {
        const attributes = { type: 1, config: 0, frequencyHz: 997, flags: [] };
        const event = PerfEvent.open(kernel.native, attributes, { pid: process.pid, cpu: -1 });
        const link = own(source).programOf('samples').attachPerfEvent(event);
        onClose(() => link.close());
        return {
          end: () =>
            void sampled.push(
              Number(
                own(source)
                  .map('counts')
                  .get(KIND.perf_event as never),
              ),
            ),
        };
      },
    });
    const sampled: number[] = [];
    const agent = await createAgent({ plugins: [plugin], metadata: false, stopOn: [] });
    const until = performance.now() + 500;
    while (performance.now() < until);
    await agent.stop();
    expect(sampled[0]).toBeGreaterThan(0);
  });

  kernelTest('that the kernel does not have is named in plain words', async () => {
    const hooks = {
      kprobe: ['on_kprobe'],
      lsm: ['on_lsm'],
      fentry: ['on_fentry'],
      'no-tracepoint': ['on_missing_tracepoint'],
      'no-function': ['on_missing_function'],
    };
    const { programs } = await withSource(sourceOf(hooks), () => undefined);
    const reason = (hook: string) => {
      const outcome = programs[hook] as { state: string; reasons?: readonly string[] };
      return outcome.state === 'attached' ? 'attached' : outcome.reasons?.[0];
    };
    // Other kernels have both.
    expect(reason('kprobe')).toMatch(
      /^attached$|on_kprobe cannot be attached: this kernel has no kprobes/,
    );
    expect(reason('fentry')).toMatch(/^attached$|on_fentry cannot be attached: this kernel/);
    expect(reason('lsm')).toMatch(/^attached$|on_lsm cannot be attached: this kernel/);
    expect(reason('no-tracepoint')).toContain('this kernel has no hook called no_such_tracepoint');
    expect(reason('no-function')).toContain('no function no_such_function');
  });

  kernelTest('that the verifier refuses is told by its line of C, the reason first', async () => {
    const refused = async (program: string) => {
      const source = sourceOf({ it: [program] }, { required: ['it'] });
      const error = await withSource(source, () => undefined).catch((error) => error);
      expect(error).toBeInstanceOf(KernelRefused);
      return (error as Error).message.split('\n');
    };
    const [reason, line] = await refused('refused_null');
    expect(reason).toContain(
      "the kernel's verifier refused refused_null (EACCES): R0 invalid mem access 'map_value_or_null'",
    );
    expect(line).toMatch(/^ {4}(attach_kinds\.bpf\.c:\d+: )?\*value = 1;$/);
    const [index, where] = await refused('refused_index');
    expect(index).toMatch(/refused refused_index \(EACCES\): .*(unbounded|invalid access|outside)/);
    expect(where).toContain('return table[bpf_get_prandom_u32()];');
  });
});

describe('a map', () => {
  kernelTest('of each usual type has typed keys, values and batches', async () => {
    const { seen } = await withSource(sourceOf({}), (loaded) => {
      const hash = loaded.map('hash');
      const value = (calls: number) => ({ calls, bytes: 2n ** 63n, name: 'é' });
      const many = Array.from({ length: 600 }, (_, of) => [{ of, size: of % 7 }, value(of)]);
      hash.setAll(many as never);
      const entries = [...hash.entries()].length;
      hash.deleteAll([...many.slice(0, 500).map(([key]) => key), { of: 9999, size: 0 }] as never);
      const left = [...hash.keys()].length;
      const found = hash.get({ of: 599, size: 599 % 7 } as never);
      const gone = hash.delete({ of: 1, size: 1 } as never);
      const lru = loaded.map('lru');
      lru.set(7 as never, 3 as never);
      const networks = loaded.map('networks');
      networks.set({ length: 8, address: Uint8Array.of(10, 0, 0, 0) } as never, 1 as never);
      networks.set({ length: 16, address: Uint8Array.of(10, 1, 0, 0) } as never, 2 as never);
      const inside = (address: number[]) =>
        networks.get({ length: 32, address: Uint8Array.from(address) } as never);
      const counts = loaded.map('counts');
      counts.set(1 as never, 5 as never);
      return {
        ...{ entries, left, found, gone, lru: [...lru.entries()] },
        ...{ networks: [inside([10, 1, 2, 3]), inside([10, 2, 2, 3]), inside([11, 0, 0, 0])] },
        ...{ prefixes: [...networks.entries()].length, counts: [...counts.entries()].slice(0, 3) },
      };
    });
    expect(seen).toEqual({
      entries: 600,
      left: 100,
      found: { calls: 599, bytes: 2n ** 63n, name: 'é' },
      gone: false,
      lru: [[7, 3]],
      networks: [2, 1, undefined],
      prefixes: 2,
      counts: [
        [0, 0],
        [1, 5],
        [2, 0],
      ],
    } as never);
  });

  kernelTest('with a value for each CPU gives them apart or summed', async () => {
    const { seen } = await withSource(
      sourceOf({ fill: ['fill_maps'] }, { settings: { watched: process.pid } }),
      (loaded) => {
        const perCpu = loaded.map('per_cpu');
        perCpu.set(100 as never, { calls: 2, bytes: 3n, name: 'b' } as never);
        const array = loaded.map('per_cpu_array');
        const each = array.ofEachCpu(1 as never) as number[];
        return {
          cpus: each.length,
          sum: perCpu.sum(100 as never) as unknown,
          sums: [...perCpu.sums()].length,
          apart: perCpu.ofEachCpu(100 as never) as unknown[],
          isSum: Number(array.sum(1 as never)) >= each.reduce((a, b) => a + b, 0),
          some: each.some((value) => value > 0),
        };
      },
      async () => {
        for (let i = 0; i < 100; i++) await Bun.file('/proc/self/stat').text();
      },
    );
    const { cpus } = seen;
    expect(seen).toMatchObject({ isSum: true, some: true });
    expect(seen.sum).toEqual({ calls: 2 * cpus, bytes: BigInt(3 * cpus), name: 'b' });
    expect(seen.apart).toEqual(
      Array.from({ length: cpus }, () => ({ calls: 2, bytes: 3n, name: 'b' })),
    );
    expect(seen.sums).toBeGreaterThan(1);
  });
});
