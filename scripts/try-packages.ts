// What a user of the published packages does: installs them in a folder of their own, from a registry of this machine
// that has the tarballs of a release, and runs the first two agents of docs/custom-agent.md, on Bun, on Deno and by the command, which then
// records them; then builds BPF of its own as the guide says, with clang alone, and runs it and the agents
// of examples/ that have some. Builds have to be there. Needs root; says so and checks only the installation without.

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ownPlatform } from '../packages/cli/scripts/binary-parts.ts';
import type { Platform } from '../packages/native/scripts/platforms.ts';
import { packAll } from './release/pack.ts';
import { serveTarballs } from './release/registry.ts';

const root = resolve(import.meta.dir, '..');
const bin = (name: string) => join(root, 'node_modules/.bin', name);

function run(cwd: string, ...command: string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(command, {
    cwd,
    stdin: 'ignore',
    timeout: 120_000,
  });
  const output = stdout.toString();
  if (success) return output;
  throw new Error(`${command.join(' ')} failed\n${output}${stderr.toString()}`);
}

/** Without waiting in a call, since the registry is this process. */
async function installed(cwd: string, ...command: string[]): Promise<void> {
  const child = Bun.spawn(command, { cwd, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed\n${said}`);
}

function expectOutput(what: string, output: string, expected: RegExp): void {
  if (!expected.test(output)) throw new Error(`${what} printed ${JSON.stringify(output)}`);
  console.log(`${what}: as the guide says`);
}

/** Iterates its own events, as an agent of nobody's command does. */
const OWN_EVENTS = `
import { createAgent, definePlugin, defineSource } from '@waggle/core';
import opens from './opens.bpf.ts';
const source = defineSource(opens, {
  hooks: { enter: ['enter_open'], exit: ['leave_open'] },
  events: { 'file-open': 'file_open' },
});
const plugin = definePlugin({ name: 'opens', sources: [source], setup: () => ({}) });
const agent = await createAgent({ plugins: [plugin], command: ['cat', '/etc/passwd'], commandOutput: 'ignore' });
let told = '';
for await (const event of agent.events)
  if (event.event === 'file-open' && event.path === '/etc/passwd') told = event.comm + ' opens ' + event.path;
console.log(told);
`;

/** The chapter on BPF of one's own. */
function tryOwnBpf(project: string, guide: string, waggle: (...args: string[]) => string): void {
  const [, c = ''] = /```c\n([\s\S]*?)```/.exec(guide) ?? [];
  const ts = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');
  writeFileSync(join(project, 'opens.bpf.c'), c);
  writeFileSync(join(project, 'opens.ts'), ts.find((code) => code.includes("'open-log'")) ?? '');
  waggle('bpf', 'build', 'opens.bpf.c');
  writeFileSync(join(project, 'own-events.ts'), OWN_EVENTS);
  const opened = /^cat opens \/etc\/passwd$/m;
  expectOutput('own BPF on Bun', run(project, bin('bun'), 'own-events.ts'), opened);
  expectOutput('own BPF on Deno', run(project, bin('deno'), 'run', '-A', 'own-events.ts'), opened);
  expectOutput(
    'opens.ts',
    waggle('run', '--duration', '2', 'opens.ts'),
    /^cat opens \/etc\/passwd: \d+, \d+ ns/m,
  );
  for (const [name, expected] of [
    ['kills', /^\{"signal":"SIGUSR1","from":\{"pid":\d+,"comm":"sh"/m],
    ['tcp-connections', /^\{"connection":"failed","side":"client","pid":\d+,"comm":"bash"/m],
  ] as const) {
    for (const file of [`${name}.bpf.c`, `${name}.ts`])
      copyFileSync(join(root, 'examples', file), join(project, file));
    waggle('bpf', 'build', `${name}.bpf.c`);
    expectOutput(`${name}.ts`, waggle('run', '--duration', '2', `${name}.ts`), expected);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'waggle-user-'));
try {
  const packs = join(folder, 'packs');
  const project = join(folder, 'my-agent');
  mkdirSync(packs);
  mkdirSync(project);
  // Other platforms are built for a release only.
  await packAll(packs, [ownPlatform() as Platform]);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  {
    using registry = serveTarballs(packs);
    writeFileSync(join(project, '.npmrc'), `@waggle:registry=${registry.url}\n`);
    const names = ['@waggle/core', '@waggle/cli', '@waggle/probes', 'effect'];
    await installed(
      project,
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      ...names,
    );
  }
  const scope = readdirSync(join(project, 'node_modules/@waggle'));
  console.log(
    `${scope.length} packages installed, with ${scope.filter((name) => name.startsWith('native-'))}`,
  );

  const guide = readFileSync(join(root, 'docs/custom-agent.md'), 'utf8');
  const [agent = '', program = ''] = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, code]) => code ?? '',
  );
  writeFileSync(join(project, 'agent.ts'), agent);
  writeFileSync(join(project, 'program.ts'), program);
  if (process.getuid?.() !== 0) {
    console.log('not root: the agents were not run');
  } else {
    const traced = /^exec \/\S*\/ls$[\s\S]*^0 lost, exit code 0$/m;
    expectOutput('Bun', run(project, bin('bun'), 'program.ts'), traced);
    expectOutput('Deno', run(project, bin('deno'), 'run', '-A', 'program.ts'), traced);
    // The library goes along from its package.
    const alone = join(folder, 'program');
    run(project, bin('bun'), 'build', '--compile', '--outfile', alone, 'program.ts');
    expectOutput('one program of it', run('/', alone), traced);
    const busy = Bun.spawn([
      'sh',
      '-c',
      'trap : USR1; while :; do true; sh -c "exit 3"; kill -USR1 $$; bash -c ": < /dev/tcp/127.0.0.1/1" 2>/dev/null; sleep 0.1; done',
    ]);
    try {
      const waggle = (...args: string[]) =>
        run(project, bin('bun'), 'node_modules/.bin/waggle', ...args);
      const audit = waggle('run', '--duration', '2', 'agent.ts');
      expectOutput('waggle run', audit, /^sh ends with 3$/m);
      const folded = waggle('record', '-a', '-d', '2', '-F', '999', '-o', '-');
      expectOutput('waggle record', folded, /^sh;.*\blibc_|^sh;.*__libc_start/m);
      tryOwnBpf(project, guide, waggle);
    } finally {
      busy.kill();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
