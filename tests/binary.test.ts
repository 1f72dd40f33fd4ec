// The one executable, built as a release builds it, in a root that has a C library and programs to record, and
// nothing else: no node_modules, no compiler, no shell, no network.

import { afterAll, beforeAll, describe, expect } from 'bun:test';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { kernelTest } from './support/kernel-test.ts';
import { Terminal } from './support/terminal.ts';
import { workload } from './support/workloads.ts';

const root = resolve(import.meta.dir, '..');
/** Bun alone has more; what waggle adds is 18 MB now. */
const MAX_ADDED_BYTES = 30 << 20;

let folder: string;
let host: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waggle-binary-test-'));
  const script = join(root, 'packages/cli/scripts/build-binary.ts');
  const built = Bun.spawnSync([process.execPath, script, '--out', folder], { cwd: root });
  expect(built.stderr.toString()).toBe('');
  expect(built.success).toBe(true);
  const binary = readdirSync(folder).find((name) => name.startsWith('waggle-')) ?? '';
  host = join(folder, 'host');
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'out'])
    mkdirSync(join(host, name), { recursive: true });
  copyFileSync(join(folder, binary), join(host, 'waggle'));
  for (const program of ['call_tree_nofp', 'exit_with'] as const)
    copyFileSync(workload(program), join(host, program));
  for (const file of ['waggle', 'call_tree_nofp']) copyLibraries(join(host, file));
  // What draws in terminals needs it too; it is a part of glibc.
  copyLibraries(resolve(root, `node_modules/@opentui/core-linux-${process.arch}/libopentui.so`));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the dynamic linker says that it needs, and the linker. */
function copyLibraries(program: string): void {
  const { stdout } = Bun.spawnSync(['ldd', program]);
  for (const [path] of stdout.toString().matchAll(/\/\S+\.so\S*/g)) {
    mkdirSync(join(host, dirname(path)), { recursive: true });
    copyFileSync(path, join(host, path));
  }
}

/** In the root, with the host's /proc and /sys, and a network of its own that has nothing in it. */
function inRoot(...args: readonly string[]): string[] {
  const mounts = ['proc', 'sys', 'dev'].map((name) => `mount --rbind /${name} ${host}/${name}`);
  const script = `${mounts.join(' && ')} && exec chroot ${host} /waggle "$@"`;
  return [
    'unshare',
    '--mount',
    '--net',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    ...args,
  ];
}

function run(...args: readonly string[]) {
  const child = Bun.spawnSync(inRoot(...args), {
    env: { PATH: process.env.PATH },
    stdin: 'ignore',
  });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

describe('the executable', () => {
  kernelTest('adds little to Bun', () => {
    const added = statSync(join(host, 'waggle')).size - statSync(process.execPath).size;
    expect(added).toBeGreaterThan(0);
    expect(added).toBeLessThan(MAX_ADDED_BYTES);
  });

  kernelTest('traces', () => {
    const { code, stdout, stderr } = run('trace', '--json', '--', '/exit_with', '--id=3');
    expect({ code, stderr }).toMatchObject({ code: 3 });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toMatchObject([
      { event: 'exec', filename: '/exit_with' },
      { event: 'exit', exitCode: 3 },
    ]);
  });

  kernelTest('records without frame pointers, and writes every format', () => {
    const names = [
      'a.folded',
      'a.svg',
      'a.html',
      'a.pb.gz',
      'a.speedscope.json',
      'a.json',
      'a.otlp',
    ];
    const outputs = names.flatMap((name) => ['-o', `/out/${name}`]);
    const { code, stderr } = run(
      ...['record', '-F', '499', '--unwind', 'dwarf', ...outputs, '--', '/call_tree_nofp', '1000'],
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const name of names) expect(statSync(join(host, 'out', name)).size).toBeGreaterThan(500);
    const stacks = readFileSync(join(host, 'out/a.folded'), 'utf8');
    expect(stacks).toMatch(/^call_tree_nofp;.*main;.*sixty/m);
    // And they are read again.
    for (const name of ['a.pb.gz', 'a.otlp', 'a.json', 'a.speedscope.json']) {
      const converted = run('convert', `/out/${name}`, '-');
      expect(converted.code).toBe(0);
      expect(converted.stdout).toMatch(/main;.*sixty/);
    }
  });

  kernelTest('writes files of events', () => {
    const names = ['a.jsonl', 'a.csv', 'a.html', 'a.pftrace', 'a.db'];
    const outputs = names.flatMap((name) => ['-o', `/out/events-${name}`]);
    const { code, stderr } = run('trace', ...outputs, '--', '/exit_with', '--id=0');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const name of names)
      expect(statSync(join(host, `out/events-${name}`)).size).toBeGreaterThan(0);
  });

  kernelTest('runs an agent that imports @waggle/core, with nothing installed beside it', () => {
    writeFileSync(
      join(host, 'agent.ts'),
      `import { defineAgent, definePlugin, type ExecEvent } from '@waggle/core';
import { cpuProfiler } from '@waggle/core/plugins/cpu-profiler';

const plugin = definePlugin({
  name: 'seen',
  setup: () => ({ observe: { exec: (event: ExecEvent) => console.log('seen', event.filename) } }),
});
export default defineAgent({ plugins: [plugin, cpuProfiler()], command: ['/exit_with', '--id=7'] });
`,
    );
    const { code, stdout, stderr } = run('run', '/agent.ts');
    expect({ code, stderr }).toMatchObject({ code: 7 });
    expect(stdout).toContain('seen /exit_with');
  });

  kernelTest('shows the host live', async () => {
    using terminal = new Terminal();
    // The folder of the terminal's settings is not in that root: they go below HOME.
    const command = inRoot('top', '-F', '199').map(quoted).join(' ');
    terminal.type(`env -u XDG_CONFIG_HOME ${command}; echo "code=$?"`);
    await terminal.shows(/\? keys/);
    terminal.keys('2');
    await terminal.shows(/flame|samples/i);
    terminal.keys('q');
    await terminal.shows('code=0');
  });

  kernelTest('works with the capabilities of the unit file, and no others', () => {
    const unit = readFileSync(join(root, 'packaging/systemd/waggle.service'), 'utf8');
    const [, names = ''] = /^AmbientCapabilities=(.*)$/m.exec(unit) ?? [];
    expect(/^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]).toBe(names);
    const agent = readFileSync(join(root, 'packaging/systemd/waggle-agent.service'), 'utf8');
    expect(/^AmbientCapabilities=(.*)$/m.exec(agent)?.[1]).toBe(names);
    expect(/^CapabilityBoundingSet=(.*)$/m.exec(agent)?.[1]).toBe(names);
    const list = names.split(' ').map((name) => `+${name.replace('CAP_', '').toLowerCase()}`);
    const capabilities = ['-all', ...list].join(',');
    const limited = [
      ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs'],
      ...['inh-caps', 'ambient-caps', 'bounding-set'].map((set) => `--${set}=${capabilities}`),
    ];
    const program = join(folder, 'waggle-as-service');
    copyFileSync(join(host, 'waggle'), program);
    for (const path of [folder, program]) chmodSync(path, 0o755);
    const asService = (...args: readonly string[]) => {
      const env = { PATH: process.env.PATH };
      const child = Bun.spawnSync([...limited, program, ...args], { env, stdin: 'ignore' });
      return { code: child.exitCode, out: child.stdout.toString(), err: child.stderr.toString() };
    };
    const traced = asService('trace', '--json', '--', workload('exit_with'), '--id=3');
    expect(traced).toMatchObject({ code: 3 });
    expect(traced.out).toContain('"exitCode":3');
    const recorded = asService(
      'record',
      '-F',
      '499',
      '-o',
      '-',
      '--',
      workload('call_tree'),
      '500',
    );
    expect(recorded).toMatchObject({ code: 0 });
    expect(recorded.err).toMatch(/sixty/);
  });

  kernelTest('opens at its start what docs/install.md lists, and no socket', () => {
    const [, listed = ''] =
      /\n## What a start opens\n[\s\S]*?\n\n((?: {4}.*\n)+)/.exec(
        readFileSync(join(root, 'docs/install.md'), 'utf8'),
      ) ?? [];
    const documented = listed
      .trim()
      .split(/\s+/)
      .map((path) => path.replace('~', process.env.HOME ?? '/nowhere'));
    const calls = join(folder, 'calls');
    const traced = Bun.spawnSync(
      [
        ...['strace', '-f', '-qq', '-e', 'trace=open,openat,openat2,socket,connect', '-o', calls],
        ...[join(host, 'waggle'), 'trace', '--', workload('exit_with'), '--id=0'],
      ],
      { stdin: 'ignore' },
    );
    expect(traced.exitCode).toBe(0);
    const lines = readFileSync(calls, 'utf8').split('\n');
    const opened = lines.flatMap((line) => /\bopen(?:at2?)?\(.*?"([^"]*)"/.exec(line)?.[1] ?? []);
    expect(opened).toContain('/sys/kernel/btf/vmlinux');
    const isListed = (path: string) =>
      documented.some((each) => (each.endsWith('/') ? `${path}/`.startsWith(each) : path === each));
    expect([...new Set(opened.filter((path) => !isListed(path)))]).toEqual([]);
    expect(lines.filter((line) => /\b(socket|connect)\(/.test(line))).toEqual([]);
  });

  kernelTest('builds BPF as a clone does, with its own headers', () => {
    const source = join(folder, 'kills.bpf.c');
    copyFileSync(join(root, 'examples/kills.bpf.c'), source);
    const built = Bun.spawnSync([join(host, 'waggle'), 'bpf', 'build', source]);
    expect(built.stderr.toString()).toContain('wrote');
    const made = readFileSync(join(folder, 'kills.bpf.ts'), 'utf8');
    expect(made).toBe(readFileSync(join(root, 'examples/kills.bpf.ts'), 'utf8'));
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('waggle-headers-'))).toEqual([]);
  });

  kernelTest('leaves nothing in its root', () => {
    expect(run('doctor', '--json').stdout).toContain('"state": "works"');
    expect(readdirSync(join(host, 'tmp'))).toEqual([]);
  });
});

function quoted(text: string): string {
  return `'${text}'`;
}
