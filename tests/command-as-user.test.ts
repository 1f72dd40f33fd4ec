// `--as USER`: the command behind `--` is that user's, with its groups and home, and waggle sees all of it.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exitsOf, isExec } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder } from './support/workloads.ts';

const [, , uid = '', gid = '', , home = '', shell = ''] =
  /^nobody:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0].split(':') ?? [];

function folderOfNobody(): string {
  const folder = freshFolder();
  chmodSync(folder, 0o777);
  return folder;
}

const SAY =
  'id -u; id -g; id -G; echo "$HOME $USER $LOGNAME $SHELL $KEPT"; grep ^NoNewPrivs /proc/self/status';

describe('--as USER', () => {
  kernelTest('trace: user, groups, home and shell; the rest as it was', async () => {
    const args = ['trace', '--json', '--as', 'nobody', '--', 'sh', '-c', SAY];
    const { code, stderr, events } = await Waggle.run(args, { env: { KEPT: 'kept' } });
    expect(code).toBe(0);
    const said = stderr.split('\n').filter((line) => !line.startsWith('waggle:'));
    expect(said.slice(0, 5)).toEqual([
      ...[uid, gid, gid],
      `${home} nobody nobody ${shell} kept`,
      'NoNewPrivs:\t0',
    ]);
    const execs = events.filter(isExec);
    expect(execs.length).toBeGreaterThanOrEqual(5);
    for (const exec of execs) {
      expect({ uid: exec.uid, gid: exec.gid }).toEqual({ uid: Number(uid), gid: Number(gid) });
      expect(exitsOf(events, exec.pid).length).toBe(1);
    }
  });

  kernelTest('record: files are that user’s, and what it may not run is said', async () => {
    const folder = folderOfNobody();
    const output = join(folder, 'out.folded');
    const file = join(folder, 'made');
    const made = await Waggle.run([
      ...['record', '--as', 'nobody', '-o', output],
      ...['--', 'sh', '-c', `touch ${file}`],
    ]);
    expect({ code: made.code, stderr: made.stderr }).toMatchObject({ code: 0 });
    expect(statSync(file).uid).toBe(Number(uid));
    const secret = join(folder, 'secret');
    await Bun.write(secret, '#!/bin/sh\n');
    chmodSync(secret, 0o700);
    const refused = await Waggle.run(['trace', '--as', 'nobody', '--', secret]);
    expect(refused.code).toBe(126);
    expect(refused.stderr).toContain('cannot be executed (EACCES)');
  });

  kernelTest('who called sudo is told of it, once', async () => {
    const env = { SUDO_USER: 'nobody' };
    const hint = 'hint: the command runs as root; --as nobody runs it as you';
    const said = await Waggle.run(['trace', '--json', '--', 'true'], { env });
    expect(said.stderr.split(hint).length).toBe(2);
    const chosen = await Waggle.run(['trace', '--json', '--as', 'nobody', '--', 'true'], { env });
    expect(chosen.stderr).not.toContain('hint:');
  });
});
