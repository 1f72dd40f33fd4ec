// Programs of the kinds that not every kernel has, by an agent's own BPF: prints one line for each, `missing` where it
// was not attached or not run. check.sh builds the module and starts it in the emulator.
//
//   bun tests/kernels/kinds.ts MODULE

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Skeleton } from '@waggle/bpf';
import { createAgent, definePlugin, defineSource } from '@waggle/core';

/** enum kind of tests/workloads/attach_kinds.bpf.c */
const KINDS = { kprobe: 4, kretprobe: 5, fentry: 8, fexit: 9, lsm: 10 } as const;
/** BPF has a say among the kernel's security modules where it was booted so: boot.sh does (lsm=...,bpf). */
const SECURITY_MODULES = '/sys/kernel/security/lsm';
const hasSay =
  existsSync(SECURITY_MODULES) && readFileSync(SECURITY_MODULES, 'utf8').includes('bpf');

const [, , path = ''] = process.argv;
const { default: kinds }: { readonly default: Skeleton } = await import(path);
const source = defineSource(kinds, {
  hooks: Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, [`on_${kind}`]])),
  settings: { watched: process.pid },
} as never);
let counted = (_kind: number): number => 0;
const plugin = definePlugin({
  name: 'kinds',
  sources: [source],
  setup({ source: own }) {
    const counts = own(source).map('counts' as never) as unknown as {
      get(key: number): number | undefined;
    };
    counted = (kind) => Number(counts.get(kind) ?? 0);
    return {};
  },
});
const agent = await createAgent({ plugins: [plugin], metadata: false, stopOn: [] });
for (let i = 0; i < 5; i++) readFileSync('/etc/hostname');
// What ends in our process are threads of the runtime: do_exit is seen by a worker's end.
const worker = new Worker(URL.createObjectURL(new Blob([''])));
await new Promise((done) => setTimeout(done, 2000));
worker.terminate();
spawnSync('true');
await new Promise((done) => setTimeout(done, 3000));
const { programs } = agent.report();
for (const [kind, number] of Object.entries(KINDS)) {
  const outcome = programs[kind];
  const hits = counted(number);
  const isExpected = kind !== 'lsm' || hasSay;
  if (outcome?.state === 'attached' && (hits > 0 || !isExpected))
    console.log(
      `works    ${kind}: ${hits} hits${isExpected ? '' : ' (attached; lsm= has no bpf)'}`,
    );
  else console.log(`missing  ${kind}: ${JSON.stringify(outcome)}, ${hits} hits`);
}
await agent.stop();
process.exit(0);
