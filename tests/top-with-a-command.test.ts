// `waggle top -- CMD`: the command has a terminal of its own, which is a view; keys go to it when one says so, and
// the terminal around it is as it was, however the command or the view ends.

import { describe, expect } from 'bun:test';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { isAlive } from './support/processes.ts';
import { Terminal } from './support/terminal.ts';
import { freshFolder, workload } from './support/workloads.ts';

const READY = /\? keys/;
const STOP_TYPING = '\u001d';

describe('the command of top', () => {
  kernelTest('has a terminal of its own, with the size of the view', async () => {
    using terminal = new Terminal({ columns: 100, rows: 30 });
    terminal.waggle(
      `top -- sh -c 'tty; stty size; echo TERM=$TERM; read line; echo "it got $line"; while sleep 0.3; do stty size; done'`,
    );
    await terminal.shows(READY);
    terminal.keys('5');
    const screen = await terminal.shows(
      /^\/dev\/pts\/\d+$[\s\S]*^27 100$[\s\S]*TERM=xterm-256color/m,
    );
    expect(screen).toContain('enter types into it');
    // The keys of the view are the view's until somebody types.
    terminal.keys('4', '5', 'Enter');
    await terminal.shows('typing; ctrl+] ends it');
    terminal.resize(90, 24);
    terminal.bytes('q1?/words\r');
    await terminal.shows('it got q1?/words');
    await terminal.shows(/^21 90$/m);
    terminal.bytes(STOP_TYPING);
    await terminal.shows('enter types into it');
    terminal.keys('1');
    await terminal.shows(/COMMAND/);
    terminal.keys('q');
    await terminal.shows('code=0');
  });

  kernelTest('draws as on any terminal, and signals typed there are its own', async () => {
    using terminal = new Terminal();
    terminal.waggle(
      `top -- sh -c 'trap "echo interrupted; exit 3" INT; printf "\\033[5;10Hplaced\\033[3;1H"; sleep 100'`,
    );
    await terminal.shows(READY);
    terminal.keys('5', 'Enter');
    const screen = await terminal.shows('placed');
    // Row 5 of its terminal is below two rows of ours.
    expect(screen.split('\n')[6]?.indexOf('placed')).toBe(9);
    terminal.keys('C-c');
    await terminal.shows('interrupted');
    await terminal.shows('ended with code 3');
    terminal.keys('q');
    await terminal.shows('code=3');
  });

  kernelTest('that is killed is said to be, and what it wrote stays', async () => {
    using terminal = new Terminal();
    terminal.type('stty -a >before; clear');
    terminal.waggle(`top -- ${workload('call_tree')} 600000`);
    await terminal.shows(/call_tree/);
    const pid = await eventually('the command', () => {
      const found = Bun.spawnSync(['pgrep', '-f', `^${workload('call_tree')} 600000`]);
      return Number(found.stdout.toString()) || undefined;
    });
    process.kill(pid, 'SIGKILL');
    await terminal.shows('the command has ended with SIGKILL');
    terminal.keys('5');
    await terminal.shows('ended with SIGKILL');
    terminal.keys('q');
    await terminal.shows('code=137');
    terminal.type('clear; stty -a | diff - before && echo unchanged; rm before');
    await terminal.shows(/^unchanged$/m);
  });

  kernelTest('gets the first signal and ends the view with it, a second one kills it', async () => {
    using terminal = new Terminal();
    terminal.type('stty -a >before; clear');
    const top = () => eventually('top', () => terminal.pidOf(/main\.(?:js|ts) top/));
    terminal.waggle(`top -- sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'`);
    await terminal.shows(READY);
    await terminal.shows(/^ *\d+ root .* sleep /m);
    process.kill(await top(), 'SIGTERM');
    await terminal.shows('code=9');
    terminal.type('clear');
    terminal.waggle(`top -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'`);
    await terminal.shows(READY);
    await terminal.shows(/^ *\d+ root .* sleep /m);
    const pid = await top();
    process.kill(pid, 'SIGTERM');
    // Two at once are one (timeout(1) sends them so).
    await Bun.sleep(500);
    process.kill(pid, 'SIGTERM');
    await terminal.shows('code=130');
    // One that comes when the command has ended is for the view.
    terminal.type('clear');
    terminal.waggle(`top -- sh -c 'exit 4'`);
    await terminal.shows('the command has ended with code 4');
    process.kill(await top(), 'SIGTERM');
    await terminal.shows('code=4');
    terminal.type('clear; stty -a | diff - before && echo unchanged; rm before');
    await terminal.shows(/^unchanged$/m);
  });

  kernelTest('ends with the view, with all that it started', async () => {
    using terminal = new Terminal();
    terminal.waggle(`top -- sh -c 'sleep 4711 & exec sleep 4712'`);
    await terminal.shows(/sleep/);
    const running = () =>
      Bun.spawnSync(['pgrep', '-f', '^sleep 471[12]$']).stdout.toString().trim().split('\n');
    await eventually('both', () => running().length === 2);
    terminal.keys('q');
    await terminal.shows('code=0');
    expect(running()).toEqual(['']);
  });

  kernelTest('ends with the terminal of the view, which nobody can leave any more', async () => {
    const terminal = new Terminal();
    terminal.waggle('top -- sleep 4713');
    await terminal.shows(/sleep/);
    const top = await eventually('top', () => terminal.pidOf(/main\.(?:js|ts) top/));
    terminal[Symbol.dispose]();
    await eventually('the end of top', () => !isAlive(top));
    expect(Bun.spawnSync(['pgrep', '-f', '^sleep 4713$']).stdout.toString()).toBe('');
  });

  kernelTest('is run by another user, who may open its terminal', async () => {
    using terminal = new Terminal();
    terminal.waggle(
      `top --as nobody -- sh -c 'id -un; tty=$(tty); echo to its name >$tty; echo $HOME; sleep 100'`,
    );
    await terminal.shows(READY);
    terminal.keys('5');
    await terminal.shows(/^nobody\nto its name\n\/.*$/m);
    terminal.keys('q');
    await terminal.shows('code=0');
  });

  kernelTest('that cannot be started is said so, and the terminal is as it was', async () => {
    using terminal = new Terminal({ columns: 120 });
    terminal.waggle('top -- /no/such/program');
    expect(await terminal.shows('code=127')).toContain('no such command');
  });
});

kernelTest('a failure of a program with such a view gives the terminal back', async () => {
  const file = join(import.meta.dir, `.failing-view-${process.pid}.ts`);
  const readme = readFileSync(join(import.meta.dir, '../packages/tui/README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const fails = "setTimeout(() => { throw new Error('it broke'); }, 500);\nawait view.left;";
  writeFileSync(file, example.replace('await view.left;', fails));
  try {
    using terminal = new Terminal({ columns: 120 });
    terminal.type('stty -a >before; clear');
    terminal.type(`${process.execPath} ${file}; echo "code=$?"`);
    const screen = await terminal.shows(/code=[1-9]/);
    expect(screen).toContain('it broke');
    terminal.type('clear; stty -a | diff - before && echo unchanged; rm before');
    await terminal.shows(/^unchanged$/m);
    // No mouse is reported any more: what is typed is what is there.
    terminal.type('echo typed');
    await terminal.shows(/^typed$/m);
  } finally {
    rmSync(file);
  }
});

describe('what was chosen', () => {
  kernelTest('is there the next time, with keys of one\u2019s own', async () => {
    const home = freshFolder();
    using terminal = new Terminal({ env: { XDG_CONFIG_HOME: home } });
    terminal.waggle('top');
    await terminal.shows(READY);
    terminal.keys('t');
    await terminal.shows('COMMAND (tree)');
    terminal.keys('q');
    await terminal.shows('code=0');
    const path = join(home, 'waggle', 'top.json');
    const settings = JSON.parse(readFileSync(path, 'utf8'));
    expect(settings.views.processes.tree).toBe(true);
    writeFileSync(path, JSON.stringify({ ...settings, keys: { z: 'q' } }));
    terminal.type('clear');
    terminal.waggle('top');
    await terminal.shows('COMMAND (tree)');
    terminal.keys('z');
    await terminal.shows('code=0');
    expect(JSON.parse(readFileSync(path, 'utf8')).keys).toEqual({ z: 'q' });
  });

  kernelTest('is not read from a file that is none, which stays as it is', async () => {
    const home = freshFolder();
    mkdirSync(join(home, 'waggle'));
    const path = join(home, 'waggle', 'top.json');
    writeFileSync(path, 'not JSON');
    using terminal = new Terminal({ columns: 160, env: { XDG_CONFIG_HOME: home } });
    terminal.waggle('top');
    await terminal.shows('is no JSON object');
    terminal.keys('q');
    await terminal.shows('code=0');
    expect(readFileSync(path, 'utf8')).toBe('not JSON');
  });
});
