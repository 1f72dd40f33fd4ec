// docs/custom-agent.md: every block of TypeScript in it compiles and runs as it stands.

import { describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kernelTest } from './support/kernel-test.ts';
import { exitCodeOf } from './support/processes.ts';
import { WAGGLE, Waggle } from './support/waggle.ts';

const root = resolve(import.meta.dir, '..');
const guide = readFileSync(join(root, 'docs/custom-agent.md'), 'utf8');
const blocks = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');

/** The BPF of the chapter about one's own. */
const [, bpf = ''] = /```c\n([\s\S]*?)```/.exec(guide) ?? [];

/** Inside the repository, so that packages are found as in a project that has them. */
const folder = join(import.meta.dir, '.guide');

function written(name: string, code: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
}

/** As the guide says: the module beside the C source. */
function buildBpf(): void {
  written('opens.bpf.c', bpf);
  const build = Bun.spawnSync([...WAGGLE, 'bpf', 'build', 'opens.bpf.c'], { cwd: folder });
  expect(build.stderr.toString()).toMatch(/opens\.bpf\.ts/);
}

const blockWith = (text: string): string => {
  const block = blocks.find((code) => code.includes(text));
  if (block === undefined) throw new Error(`the guide has no block with ${text}`);
  return block;
};

/** Runs an agent of the guide while something happens. */
async function agent(text: string, work: () => Promise<unknown>): Promise<string> {
  const file = written(`agent-${blocks.indexOf(blockWith(text))}.ts`, blockWith(text));
  await using waggle = new Waggle(['run', file]);
  await waggle.says(/ready/);
  await work();
  await Bun.sleep(300);
  const { code, stdout, stderr } = await waggle.stop();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

function program(text: string): string {
  const file = written(`program-${blocks.indexOf(blockWith(text))}.ts`, blockWith(text));
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, file], { cwd: folder });
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.toString();
}

describe('the guide to agents', () => {
  kernelTest('compiles', () => {
    for (const [index, code] of blocks.entries()) written(`block-${index}.ts`, code);
    buildBpf();
    const config = {
      extends: '../../tsconfig.base.json',
      compilerOptions: { noEmit: true },
      include: ['block-*.ts'],
    };
    written('tsconfig.json', JSON.stringify(config));
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { stdout } = Bun.spawnSync([tsc, '-p', folder]);
    expect(stdout.toString()).toBe('');
    expect(blocks.length).toBe(7);
    rmSync(folder, { recursive: true });
  });

  kernelTest('ten lines', async () => {
    const stdout = await agent("name: 'hello'", () => exitCodeOf('sh', '-c', 'exit 3'));
    expect(stdout).toContain('bun starts sh -c exit 3\n');
    expect(stdout).toContain('sh ends with 3\n');
  });

  kernelTest('a program without the command', () => {
    const stdout = program('await using agent');
    expect(stdout).toMatch(/^exec \/\S*\/(da|ba)?sh$/m);
    expect(stdout).toMatch(/^exec \/\S*\/ls$/m);
    expect(stdout).toEndWith('0 lost, exit code 0\n');
  });

  kernelTest('services', async () => {
    const stdout = await agent('privileged-shells', () => exitCodeOf('sh', '-c', ':'));
    expect(stdout).toMatch(/^watch: root shell \S*sh started by \S*bun\S*$/m);
  });

  kernelTest('BPF of your own', async () => {
    buildBpf();
    const file = written('opens.ts', blockWith("name: 'open-log'"));
    const { stdout } = await new Waggle(['run', file]).result();
    expect(stdout).toMatch(/^cat opens \/etc\/passwd: \d+, \d+ ns, \S+$/m);
  });

  kernelTest('slow work', async () => {
    expect(await agent("name: 'shipper'", () => exitCodeOf('true'))).toContain('sent\n');
  });

  test('testing, without a kernel', () => {
    expect(program('runPlugins')).toBe('[ "/bin/daemon -f: SIGSEGV" ] 2 0\n');
  });

  kernelTest('profiles', async () => {
    const burner = Bun.spawn(['sh', '-c', 'while :; do :; done']);
    try {
      const stdout = program('collapseRaw(raw)');
      expect(stdout).toMatch(/^sh;.* \d+$/m);
      expect(stdout).toMatch(/^\d+ processes were sampled$/m);
    } finally {
      burner.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
