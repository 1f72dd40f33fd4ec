// What a program's standard files were at its exec is what /proc has of them, and `--shell-command` gives a line that
// runs again what ran: a shell is asked.
// Runs beside others.

import { describe, expect } from 'bun:test';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execsOf, isExec } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

type WithFiles = { readonly stdio: readonly string[] };

async function filesOf(script: string): Promise<readonly string[] | undefined> {
  const { events } = await Waggle.run(['trace', '--json', '--', 'sh', '-c', script]);
  const [exec] = execsOf(events, workload('exit_with'));
  return (exec as unknown as WithFiles | undefined)?.stdio;
}

describe('stdio of an exec', () => {
  kernelTest('is where each of them goes, and how', async () => {
    const folder = realpathSync(freshFolder());
    const program = workload('exit_with');
    const at = (name: string) => join(folder, name);
    writeFileSync(at('in put'), '');
    for (const [redirected, expected] of [
      [
        `<'${at('in put')}' >${at('o')} 2>>${at('e')}`,
        [`<${at('in put')}`, `>${at('o')}`, `>>${at('e')}`],
      ],
      [`<&- >&- 2>&-`, ['-', '-', '-']],
      [`</dev/null >/dev/null 2>&1`, ['</dev/null', '>/dev/null', '>/dev/null']],
      [`0<>${at('both')} >&0 2>&-`, [`<>${at('both')}`, `<>${at('both')}`, '-']],
    ] as const)
      expect(await filesOf(`${program} ${redirected}`)).toEqual([...expected]);
    const [stdin = '', stdout = ''] = (await filesOf(`echo | ${program} 2>/dev/null | cat`)) ?? [];
    expect(stdin).toMatch(/^<pipe:\[\d+\]$/);
    expect(stdout).toMatch(/^>pipe:\[\d+\]$/);
  });

  kernelTest('is what /proc says of a process that lives', async () => {
    await using waggle = await Waggle.trace();
    await using process = new TestProcess([workload('call_tree'), '600000']);
    const links = [0, 1, 2].map((fd) => readlinkSync(`/proc/${process.pid}/fd/${fd}`));
    const { events } = await waggle.stop();
    const [exec] = execsOf(events, workload('call_tree')).filter(({ pid }) => pid === process.pid);
    const { stdio } = exec as unknown as WithFiles;
    expect(stdio.map((file) => file.replace(/^[<>]+/, ''))).toEqual(links);
  });

  kernelTest('of a path that is longer than there is room for lacks its beginning', async () => {
    const deep = Array.from({ length: 12 }, (_, index) => `${index}`.padEnd(200, 'x'));
    const folder = join(realpathSync(freshFolder()), ...deep);
    mkdirSync(folder, { recursive: true });
    const [, stdout = ''] = (await filesOf(`cd ${folder} && ${workload('exit_with')} >out`)) ?? [];
    expect(stdout).toStartWith('>\u2026/');
    expect(join(folder, 'out')).toEndWith(stdout.slice(2));
  });
});

kernelTest('a program runs again as it ran, from a shell elsewhere', async () => {
  const folder = join(realpathSync(freshFolder()), 'with space');
  mkdirSync(folder);
  const show = join(folder, 'show it');
  writeFileSync(
    show,
    '#!/bin/bash\nprintf "<%s>" "$PWD" "$COLOUR" "$KEPT" "$@"; cat; echo problem >&2\n',
  );
  chmodSync(show, 0o755);
  writeFileSync(join(folder, 'in'), 'input\n');
  const script = `cd '${folder}' && COLOUR="light  blue" exec './show it' 'a b' "it's" "x\ny" <in >'out put' 2>&1`;
  const { code, events } = await Waggle.run(
    ['trace', '--json', '--shell-command', '--', 'sh', '-c', script],
    { env: { KEPT: 'kept' } },
  );
  expect(code).toBe(0);
  const [exec] = events.filter(isExec).filter(({ filename }) => filename === './show it');
  const { shellCommand = '' } = exec as unknown as { readonly shellCommand?: string };
  expect(shellCommand).toContain("COLOUR='light  blue'");
  expect(shellCommand).not.toContain('KEPT');
  const first = readFileSync(join(folder, 'out put'), 'utf8');
  expect(first).toContain(`<${folder}><light  blue><kept><a b><it's><x\ny>input\nproblem`);
  rmSync(join(folder, 'out put'));
  const again = Bun.spawnSync(['bash', '-c', shellCommand], {
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', KEPT: 'kept' },
  });
  expect(again.exitCode).toBe(0);
  expect(readFileSync(join(folder, 'out put'), 'utf8')).toBe(first);
  // The command of ours has what it would have had without us.
  const [own] = events.filter(isExec);
  expect((own as unknown as { shellCommand: string }).shellCommand).not.toContain(' env ');
});

kernelTest('environments are in the lines only where they are asked for', async () => {
  const script = ['sh', '-c', 'SECRET=hidden exec env true'];
  for (const [args, has] of [
    [[], false],
    [['--environ'], true],
  ] as const) {
    const { events } = await Waggle.run([
      'trace',
      '--json',
      '--shell-command',
      ...args,
      '--',
      ...script,
    ]);
    const execs = events.filter(isExec) as unknown as { readonly environ?: readonly string[] }[];
    expect(execs.some(({ environ }) => environ?.includes('SECRET=hidden'))).toBe(has);
  }
  const { code, stderr } = await Waggle.run(['trace', '--shell-command', '--', 'true']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--json') });
});
