// `waggle top` in a real terminal, with real processes: what it shows, what keys and mouse do, and that the
// terminal is as it was on every way out. Views by themselves: packages/tui/test.

import { describe, expect } from 'bun:test';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Terminal } from './support/terminal.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

/** The last line of every view. */
const READY = /\? keys/;

/** On a busy host everything else would push away at once what is looked for. */
async function filterBy(terminal: Terminal, text: string): Promise<void> {
  terminal.keys('/');
  await terminal.shows('filter: ');
  terminal.bytes(text);
  terminal.keys('Enter');
  await terminal.shows(`/${text}`);
}

describe('top', () => {
  kernelTest('shows a busy process, its functions and its end', async () => {
    using terminal = new Terminal();
    await using burner = new TestProcess([workload('call_tree'), '600000']);
    terminal.waggle(`top -F 199 -p ${burner.pid}`);
    const screen = await terminal.shows(/call_tree/);
    // And nobody else.
    expect(screen.split('\n').filter((line) => /^ *\d{2,} /.test(line))).toHaveLength(1);
    // A share, by the kernel's accounting or by samples, of a process that does nothing else.
    await terminal.shows(/ [1-9]\d*\.\d .*call_tree/);
    terminal.keys('2');
    await terminal.shows(/sixty/);
    terminal.keys('3');
    await terminal.shows(/self%▾.*\n.*\d+\.\d/);
    terminal.keys('1');
    burner.kill('SIGKILL');
    await terminal.shows('✗ SIGKILL');
    terminal.keys('q');
    await terminal.shows('code=0');
  });

  kernelTest('events come live, are filtered, and hide arguments until asked', async () => {
    using terminal = new Terminal({ columns: 160 });
    terminal.waggle('top');
    await terminal.shows(READY);
    terminal.keys('4');
    await filterBy(terminal, 'exit_with');
    Bun.spawnSync([workload('exit_with'), '--id=3', '--token=topsecret']);
    await terminal.shows(/code 3 after/);
    terminal.keys('x');
    const failures = await terminal.shows('only what failed');
    expect(failures).toContain('exit_with (+2 arguments)');
    expect(failures).not.toContain('topsecret');
    terminal.keys('R');
    await terminal.shows('--token=topsecret');
    terminal.keys('C-c');
    await terminal.shows('code=0');
  });

  kernelTest('what is shown is saved to a file that convert reads', async () => {
    const file = join(freshFolder(), 'saved.pb.gz');
    using terminal = new Terminal();
    await using burner = new TestProcess([workload('call_tree'), '600000']);
    terminal.waggle(`top -p ${burner.pid}`);
    await terminal.shows(READY);
    terminal.keys('2');
    await terminal.shows(/sixty/);
    terminal.keys('s', 'C-u');
    terminal.bytes(file);
    terminal.keys('Enter');
    await terminal.shows('written to');
    terminal.keys('q');
    await terminal.shows('code=0');
    const { code, stdout } = await Waggle.run(['convert', file, '-']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^call_tree;.*sixty.* \d+$/m);
  });

  kernelTest('what is shown is opened in the browser, if asked', async () => {
    const folder = freshFolder();
    const browser = join(folder, 'browser');
    const opened = join(folder, 'opened');
    writeFileSync(
      browser,
      `#!/bin/sh\ncp "$1" '${opened}.part' && mv '${opened}.part' '${opened}'\n`,
    );
    chmodSync(browser, 0o755);
    using terminal = new Terminal({ env: { BROWSER: browser } });
    await using burner = new TestProcess([workload('call_tree'), '600000']);
    terminal.waggle(`top -p ${burner.pid}`);
    await terminal.shows(READY);
    terminal.keys('2');
    await terminal.shows(/sixty/);
    terminal.keys('S', 'C-u');
    terminal.bytes(join(folder, 'shown.html'));
    terminal.keys('Enter');
    await terminal.shows('written to');
    const page = await eventually(
      'the browser',
      () => existsSync(opened) && readFileSync(opened, 'utf8'),
    );
    expect(page).toContain('sixty');
    terminal.keys('q');
    await terminal.shows('code=0');
    rmSync(folder, { recursive: true });
  });

  kernelTest('the mouse chooses a view, a size that changes is drawn anew', async () => {
    using terminal = new Terminal({ columns: 100, rows: 30 });
    terminal.waggle('top');
    await terminal.shows(READY);
    // A click on "2 Flame graph": SGR mouse, button 0, column 20, row 2, pressed and released.
    terminal.bytes('\u001b[<0;20;2M\u001b[<0;20;2m');
    await terminal.shows(/alone \d/);
    for (const [columns, rows, expected] of [
      [60, 12, /alone \d/],
      [30, 5, /make the terminal larger/],
      [140, 45, /alone \d.*/],
    ] as const) {
      terminal.resize(columns, rows);
      await terminal.shows(expected);
      for (const line of terminal.screen().split('\n'))
        expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns);
    }
    terminal.keys('q');
    await terminal.shows('code=0');
  });
});

kernelTest("the README's example of an agent with a view shows it, and ends", async () => {
  const readme = readFileSync(join(import.meta.dir, '../packages/tui/README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  // Beside the packages, so that it finds them.
  const file = join(import.meta.dir, `.readme-example-${process.pid}.ts`);
  writeFileSync(file, `${example}\nprocess.exit(0);\n`);
  try {
    using terminal = new Terminal();
    terminal.type(`${process.execPath} ${file}; echo "code=$?"`);
    await terminal.shows(READY);
    terminal.keys('4');
    await filterBy(terminal, 'exit_with');
    Bun.spawnSync([workload('exit_with'), '--id=3']);
    await terminal.shows(/code 3 after/);
    terminal.keys('q');
    await terminal.shows('code=0');
  } finally {
    rmSync(file);
  }
});

describe('the terminal is as it was', () => {
  kernelTest('after q, a signal, and between Ctrl-Z and fg', async () => {
    using terminal = new Terminal();
    terminal.type('stty -a >before; clear');
    terminal.waggle('top');
    await terminal.shows(READY);
    terminal.keys('C-z');
    await terminal.shows(/Stopped/);
    terminal.type('echo between');
    await terminal.shows(/^between$/m);
    terminal.type('fg');
    await terminal.shows(READY);
    terminal.keys('q');
    // Its code was said when it stopped.
    await eventually('its end', () => terminal.pidOf(/main\.(?:js|ts) top/) === undefined);
    terminal.type('clear; stty -a | diff - before && echo unchanged; rm before');
    await terminal.shows(/^unchanged$/m);
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      terminal.type('clear');
      terminal.waggle('top');
      await terminal.shows(READY);
      const pid = await eventually('top', () => terminal.pidOf(/main\.(?:js|ts) top/));
      process.kill(pid, signal);
      await terminal.shows(/code=0/);
    }
  });

  for (const signal of ['SIGTSTP', 'SIGSTOP'] as const)
    kernelTest(`and ours again, when ${signal} has stopped it`, async () => {
      using terminal = new Terminal();
      terminal.waggle('top');
      await terminal.shows(READY);
      const top = () => terminal.pidOf(/main\.(?:js|ts) top/);
      process.kill(await eventually('top', top), signal);
      await terminal.shows(/Stopped/);
      if (signal === 'SIGTSTP') {
        terminal.type('echo between');
        await terminal.shows(/^between$/m);
      }
      terminal.type('clear');
      terminal.type('fg');
      await terminal.shows(READY);
      terminal.keys('2');
      await terminal.shows(/alone \d/);
      terminal.keys('q');
      await eventually('its end', () => top() === undefined);
      terminal.type('clear; echo typed');
      await terminal.shows(/^typed$/m);
    });

  kernelTest('NO_COLOR is heeded, and a selection is still seen', async () => {
    using terminal = new Terminal({ env: { NO_COLOR: '1' } });
    terminal.waggle('top');
    await terminal.shows(READY);
    const screen = terminal.screen(true);
    expect(screen).not.toMatch(/\[[\d;]*[34]8;/);
    expect(screen).toMatch(/\[[\d;]*7m/);
    terminal.keys('q');
    await terminal.shows('code=0');
  });
});

kernelTest('a terminal of 16 colours gets those, and no others', async () => {
  using terminal = new Terminal();
  terminal.waggle('top', 'TERM=screen COLORTERM= ');
  await terminal.shows(READY);
  const screen = terminal.screen(true);
  // By their numbers, which its user has chosen the colours of.
  expect(screen).toMatch(/\[[\d;]*38;5;6m/);
  expect(screen).not.toMatch(/[34]8;2;|[34]8;5;(?:1[6-9]|[2-9]\d|\d{3})/);
  terminal.keys('q');
  await terminal.shows('code=0');
});

describe('top refuses', () => {
  kernelTest('what is no terminal, in one line', async () => {
    const { code, stdout, stderr } = await Waggle.run(['top']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^waggle: top needs a terminal .*\n$/);
  });

  kernelTest(
    'a terminal that is too small or cannot move its cursor, a pid that is gone',
    async () => {
      using small = new Terminal({ columns: 20, rows: 5 });
      small.waggle('top');
      await small.shows('code=1');
      using dumb = new Terminal({ columns: 120 });
      dumb.waggle('top', 'TERM=dumb ');
      expect(await dumb.shows('code=1')).toContain('TERM is "dumb"');
      await using gone = new TestProcess(['true']);
      await gone.ended();
      dumb.waggle(`top -p ${gone.pid}`);
      expect(await dumb.shows(/code=1[\s\S]*code=1/)).toContain(`${gone.pid}`);
    },
  );

  kernelTest('an option that is none, with the exit code for it', async () => {
    for (const args of [['--refresh', '0'], ['-F', 'x'], ['-p', 'x'], ['--nonsense']]) {
      const { code, stderr } = await Waggle.run(['top', ...args]);
      expect(code).toBe(2);
      expect(stderr).toContain('error: ');
    }
  });
});
