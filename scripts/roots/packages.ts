// The packages of a release, added by Bun, npm and Deno from a registry of this machine, and used there on Bun, Deno
// and Node.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ownPlatform } from '../../packages/cli/scripts/binary-parts.ts';
import type { Platform } from '../../packages/native/scripts/platforms.ts';
import { packAll } from '../release/pack.ts';
import { serveTarballs } from '../release/registry.ts';
import { Root, type RunOptions } from './root.ts';

const repository = resolve(import.meta.dir, '../..');

/** What needs no kernel, on every runtime. */
const WITHOUT_KERNEL = `
import { ProcessMetadataCache } from '@waggle/cache';
import { foldedFormat, pprofFormat } from '@waggle/formats';
import { demangle, ElfImage } from '@waggle/symbols';
import { buildUnwindTable } from '@waggle/unwind';
const cache = new ProcessMetadataCache({ capacity: 64 });
const entry = cache.getOrLoad(process.pid);
const profile = foldedFormat.parse(new TextEncoder().encode('main;work 3\\n'));
const again = pprofFormat.parse(pprofFormat.encode(profile));
const elf = ElfImage.open('/bin/sh');
const { table } = buildUnwindTable(elf);
console.log('works', entry.pid === process.pid, again.stacks.length, table.rowCount > 100, demangle('_ZN4hive3BeeEv'));
`;
const WORKS = /^works true 1 true hive::Bee\(?\)?$/m;

const TRACED = /^exec \/\S*\/ls$[\s\S]*^0 lost, exit code 0$/m;

/** @throws Error */
export function expectOutput(what: string, output: string, expected: RegExp): void {
  if (!expected.test(output)) throw new Error(`${what} printed ${JSON.stringify(output)}`);
  console.log(`  ${what}: works`);
}

/** The first two agents of the guide. */
function agentsOfGuide(): readonly string[] {
  const guide = readFileSync(join(repository, 'docs/custom-agent.md'), 'utf8');
  return [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');
}

export async function tryPackages(path: string): Promise<void> {
  const root = new Root(path);
  const unwanted = await root.unwanted();
  if (unwanted.length > 0) throw new Error(`the base system has ${unwanted.join(', ')}`);
  for (const name of ['bun', 'deno'])
    root.takeProgram(Bun.which(name) ?? name, `/opt/runtimes/${name}`);
  root.takeProgram(Bun.which('node') ?? 'node', '/opt/runtimes/node');

  const packs = mkdtempSync(join(tmpdir(), 'waggle-packs-'));
  try {
    await packAll(packs, [ownPlatform() as Platform]);
    using registry = serveTarballs(packs);
    const [, program = ''] = agentsOfGuide();
    for (const runtime of ['bun', 'deno'] as const) {
      const cwd = `/root/on-${runtime}`;
      const online: RunOptions = { network: true, cwd };
      const npmrc = `@waggle:registry=${registry.url}\n`;
      root.write(`${cwd}/package.json`, '{ "private": true, "type": "module" }');
      root.write(`${cwd}/.npmrc`, npmrc);
      root.write(`${cwd}/program.ts`, program);
      root.write(`${cwd}/without-kernel.ts`, WITHOUT_KERNEL);
      const names = ['core', 'cache', 'symbols', 'unwind', 'formats'].map(
        (name) => `@waggle/${name}`,
      );
      const add =
        runtime === 'bun'
          ? ['bun', 'add', ...names, 'effect']
          : [
              'deno',
              'add',
              '--node-modules-dir=auto',
              ...[...names, 'effect'].map((name) => `npm:${name}`),
            ];
      const { took } = await root.run(add, online);
      const size = await root.run(['du', '-sm', 'node_modules'], { cwd });
      console.log(
        `  ${runtime} add: ${(took / 1000).toFixed(1)} s, ${size.stdout.split('\t')[0]} MB`,
      );
      const run = runtime === 'bun' ? ['bun', 'run'] : ['deno', 'run', '-A', '--no-remote'];
      const traced = await root.run([...run, 'program.ts'], { cwd });
      expectOutput(`an agent on ${runtime}`, traced.stdout, TRACED);
      const plain = await root.run([...run, 'without-kernel.ts'], { cwd });
      expectOutput(`cache, symbols, unwind, formats on ${runtime}`, plain.stdout, WORKS);
    }
    root.write('/root/on-bun/without-kernel.mjs', WITHOUT_KERNEL);
    const onNode = await root.run(['node', 'without-kernel.mjs'], { cwd: '/root/on-bun' });
    expectOutput('cache, symbols, unwind, formats on node', onNode.stdout, WORKS);
  } finally {
    rmSync(packs, { recursive: true });
  }
}
