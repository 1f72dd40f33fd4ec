// What each view shows, and what keys do, on a screen in memory.

import { expect, test } from 'bun:test';
import type { LostEvent } from '@waggle/core';
import { execEvent, exitEvent, forkEvent, NOW, profileOf, someHost, typed } from './some-host.ts';

const SECRET = ['/usr/bin/client', '--password', 'hunter2'];

test('processes are listed with what they take, the busiest first', () => {
  const { top, procfs, screen } = someHost();
  procfs.spawn(10, { comm: 'idle', ppid: 1 });
  procfs.spawn(11, { comm: 'busy', ppid: 1 });
  top.data.start(NOW);
  top.data.addSamples(profileOf('11 busy;main;work 90', '10 idle;main 10'), NOW + 1000);
  top.tick(NOW + 1000);
  const rows = screen().rows();
  const busy = rows.findIndex((row) => row.includes('busy'));
  const idle = rows.findIndex((row) => row.includes('idle'));
  expect(busy).toBeGreaterThan(1);
  expect(idle).toBe(busy + 1);
  // 90 samples at 100 Hz in a second.
  expect(rows[busy]).toContain('90.0');
});

test('where only some are looked at, nobody else is listed, also after a loss', () => {
  const { top, procfs, screen } = someHost();
  procfs.spawn(10, { comm: 'other', ppid: 1 });
  procfs.spawn(11, { comm: 'wanted', ppid: 1 });
  top.data.start(NOW, [11]);
  top.addEvents([{ event: 'lost', time: 0n, count: 1 } as unknown as LostEvent], NOW);
  top.tick(NOW + 1000);
  expect(screen().text()).toContain('wanted');
  expect(screen().text()).not.toContain('other');
});

test('on a host with thousands of processes the picture comes before all of them are known', () => {
  const { top, procfs, screen } = someHost();
  const count = 400;
  for (let pid = 1; pid <= count; pid++) procfs.spawn(pid, { comm: `sleeper${pid}`, ppid: 1 });
  const stat = procfs.stat.bind(procfs);
  procfs.stat = (pid) => {
    const until = performance.now() + 1;
    while (performance.now() < until);
    return stat(pid);
  };
  top.data.start(NOW);
  expect(top.data.processes.rows(NOW).length).toBeLessThan(count / 2);
  expect(screen().text()).toContain(`${count} processes`);
  for (let turn = 1; turn <= count; turn++) top.tick(NOW + turn);
  expect(top.data.processes.rows(NOW).length).toBe(count);
  expect(screen().text()).toContain(`${count} processes`);
});

test('the memory of the host is said where there is room', () => {
  const memory = () => ({ usedBytes: 3 * 1024 ** 3, totalBytes: 16 * 1024 ** 3 });
  const { top, screen } = someHost({ memory });
  top.tick(NOW + 1000);
  expect(screen(120).rows()[0]).toContain('mem 3.0G/16G');
  expect(screen(80).rows()[0]).not.toContain('mem');
});

test('what ended stays for five seconds, with how it ended', () => {
  const { top, screen } = someHost();
  top.addEvents([execEvent(20, 1, ['/bin/false'])], NOW);
  top.addEvents([exitEvent(20, 1, ['/bin/false'], { exitCode: 1 })], NOW + 10);
  top.tick(NOW + 100);
  expect(screen().text()).toContain('✗ code 1');
  top.tick(NOW + 4900);
  expect(screen().text()).toContain('✗ code 1');
  top.tick(NOW + 5100);
  expect(screen().text()).not.toContain('code 1');
});

test('a pinned process stays after its end', () => {
  const { top, screen, press } = someHost();
  top.addEvents([execEvent(20, 1, ['/bin/false'])], NOW);
  top.tick(NOW);
  screen();
  press('p');
  top.addEvents([exitEvent(20, 1, ['/bin/false'], { signal: 'SIGKILL' })], NOW + 10);
  top.tick(NOW + 60_000);
  expect(screen().text()).toContain('★ ✗ SIGKILL');
});

test('arguments are hidden until they are asked for, in every view', () => {
  const { top, screen, press } = someHost();
  top.addEvents([execEvent(30, 1, SECRET)], NOW);
  top.tick(NOW + 1);
  for (const view of ['1', '4']) {
    press(view);
    expect(screen().text()).toContain('/usr/bin/client (+2 arguments)');
    expect(screen().text()).not.toContain('hunter2');
  }
  // Nor does a filter tell what they are.
  press('1', '/', ...typed('hunter2'));
  expect(screen().text()).toContain('no process passes the filter');
  press('escape', 'R');
  for (const view of ['1', '4']) {
    press(view);
    expect(screen().text()).toContain('--password hunter2');
  }
});

test('a tree shows families, and a collapsed one how many it hides', () => {
  const { top, screen, press } = someHost();
  top.addEvents([execEvent(40, 1, ['make'])], NOW);
  top.addEvents([forkEvent(40, 41), execEvent(41, 40, ['cc'])], NOW);
  top.addEvents([forkEvent(41, 42), execEvent(42, 41, ['as'])], NOW);
  top.tick(NOW + 1);
  press('t');
  const rows = screen()
    .rows()
    .filter((row) => /make|cc|as$/.test(row));
  expect(rows.map((row) => row.slice(row.search(/ {2}└|└|make/)))).toEqual([
    'make',
    '└─cc',
    '  └─as',
  ]);
  press('left');
  expect(screen().text()).toContain('[+2] make');
});

test('the flame graph has the widths of shares, zooms and finds', () => {
  const { top, screen, press } = someHost();
  top.data.addSamples(
    profileOf('50 app;main;alpha 60', '50 app;main;beta;k:sys_read 40'),
    NOW + 1000,
  );
  top.tick(NOW + 1000);
  press('2');
  const rows = screen(100, 20).rows();
  const functions = rows.find((row) => row.startsWith('alpha')) ?? '';
  expect(functions.indexOf('beta')).toBe(60);
  press('down', 'down', 'down', 'right');
  expect(screen(100, 20).text()).toContain('beta  40.0 % (40 samples), alone 0.0 %');
  press('enter');
  expect(
    screen(100, 20)
      .rows()
      .some((row) => row.startsWith('beta')),
  ).toBe(true);
  expect(screen(100, 20).text()).not.toContain('alpha');
  press('escape', 'f', ...typed('READ'), 'enter');
  expect(screen(100, 20).text()).toContain('found: 40.0 %');
  press('b');
  expect(screen(100, 20).text()).not.toContain('sys_read');
});

test('a filter finds by arguments whom it must ask about first, in every view', () => {
  const { top, procfs, screen, press } = someHost({
    reveal: true,
    describe: (pid) => ({
      argv: ['sleeper', pid === 1400 ? 'needle' : 'hay'],
      ...{ uid: 0, containerId: undefined, cgroup: undefined },
    }),
  });
  for (let pid = 1; pid <= 1500; pid++) procfs.spawn(pid, { comm: `sleeper${pid}`, ppid: 1 });
  top.data.start(NOW);
  for (let turn = 1; turn <= 20; turn++) top.tick(NOW + turn);
  top.data.addSamples(
    profileOf('1400 sleeper1400;main;alpha 60', '7 sleeper7;main;beta 40'),
    NOW + 30,
  );
  press('/', ...typed('needle'), 'enter');
  // Of so many at once only some are asked about.
  expect(screen().text()).toContain('no process passes the filter');
  for (let turn = 1; turn <= 4; turn++) top.tick(NOW + 30 + turn);
  expect(screen().text()).toContain('sleeper needle');
  press('2');
  expect(screen().text()).toContain('alpha');
  expect(screen().text()).not.toContain('beta');
});

test('a selected process alone is in the picture, with its descendants', () => {
  const { top, screen, press } = someHost();
  top.addEvents([execEvent(60, 1, ['shell']), forkEvent(60, 61)], NOW);
  top.addEvents([execEvent(61, 60, ['child']), execEvent(70, 1, ['other'])], NOW);
  top.tick(NOW);
  press('/', ...typed('shell'), 'enter');
  screen();
  press('enter');
  top.data.addSamples(profileOf('61 child;main 5', '70 other;main 5'), NOW + 1000);
  press('escape');
  // The filter is gone, the selection is not.
  expect(screen().text()).toContain('only shell (60)');
  expect(screen().text()).toContain('child');
  expect(screen().text()).not.toContain('other');
  press('escape');
  expect(screen().text()).toContain('other');
});

test('functions are summed over all stacks, and one shows its callers and callees', () => {
  const { top, screen, press } = someHost();
  top.data.addSamples(
    profileOf('80 a;main;f;leaf 30', '81 a;start;f 20', '81 a;start 50'),
    NOW + 1000,
  );
  top.tick(NOW + 1000);
  press('3', '>');
  const row =
    screen()
      .rows()
      .find((line) => / f /.test(line)) ?? '';
  expect(row.trim().split(/\s+/).slice(0, 2)).toEqual(['20.0', '50.0']);
  press('f', ...typed('f'), 'enter');
  screen();
  press('enter');
  const opened = screen().rows();
  const middle = opened.findIndex((line) => line.includes('20.0 % alone'));
  expect(opened.slice(0, middle).join()).toContain('main');
  expect(opened.slice(0, middle).join()).toContain('start');
  expect(opened.slice(middle).join()).toContain('leaf');
});

test('events come with the newest first; failures alone with x; one in all its words', () => {
  const { top, screen, press } = someHost();
  top.addEvents([execEvent(90, 1, ['good']), exitEvent(90, 1, ['good'])], NOW);
  top.addEvents(
    [execEvent(91, 1, ['bad', 'x']), exitEvent(91, 1, ['bad', 'x'], { exitCode: 3 })],
    NOW,
  );
  top.tick(NOW);
  press('4');
  const rows = screen().rows().slice(2);
  expect(rows[0]).toContain('code 3 after 5ms    bad (+1 argument)');
  expect(rows[3]).toContain('good');
  press('x');
  expect(screen().text()).not.toContain('good');
  press('enter');
  expect(screen().text()).toContain('exit of bad (91)');
});

test('an event is copied as a command, but no argument that is hidden', () => {
  const { top, screen, press, copied } = someHost();
  top.addEvents([execEvent(92, 1, SECRET)], NOW);
  top.tick(NOW);
  press('4');
  screen();
  press('y');
  expect(copied).toEqual([]);
  press('R', 'y');
  expect(copied).toEqual(['/usr/bin/client --password hunter2']);
});

test('held still, nothing changes; then everything that came is there', () => {
  const { top, screen, press } = someHost();
  top.tick(NOW);
  press('4', 'space');
  top.addEvents([execEvent(93, 1, ['later'])], NOW + 10);
  top.data.addSamples(profileOf('93 later;main 5'), NOW + 500);
  top.tick(NOW + 500);
  expect(screen().text()).toContain('HELD STILL');
  expect(screen().text()).not.toContain('later');
  press('space');
  expect(screen().text()).toContain('later');
  expect(top.data.samples.tree.root.total).toBe(5);
});

test('what is shown is saved, by the name that is typed', async () => {
  const { top, screen, press, saved } = someHost();
  top.data.addSamples(profileOf('94 app;main 5', '94 app;other 5'), NOW + 500);
  press('s', 'ctrl+u', ...typed('out.pb.gz'), 'enter');
  await Promise.resolve();
  expect(saved).toEqual(['2 out.pb.gz']);
  expect(screen().text()).toContain('written to out.pb.gz');
  press('S', 'ctrl+u', ...typed('out.html'), 'enter');
  await Promise.resolve();
  expect(saved.at(-1)).toBe('2 out.html opened');
});

test('the details of an end say what it has used', () => {
  const { top, screen, press } = someHost();
  top.addEvents([exitEvent(96, 1, ['/bin/cc1'], { exitCode: 1 })], NOW);
  top.tick(NOW + 100);
  press('4', 'enter');
  const text = screen().text();
  expect(text).toMatch(
    /used +12ms of CPU \(4ms in the kernel\); 3.0M of memory at most; 4.0K read, 0B written/,
  );
});

test('names that would move the cursor are shown, not acted upon', () => {
  const { top, screen, press } = someHost({
    reveal: true,
    commandLine: (argv) => JSON.stringify(argv),
  });
  const hostile = 'a\u001b[31m\u202eb';
  top.addEvents([execEvent(95, 1, [hostile])], NOW);
  top.data.addSamples(profileOf(`95 ${hostile};${hostile} 5`), NOW + 500);
  top.tick(NOW + 500);
  for (const view of ['1', '2', '3', '4']) {
    press(view);
    const shown = screen().text();
    for (const character of ['\u001b', '\u202e']) expect(shown).not.toContain(character);
  }
});

test('q asks to leave; in an input line it is a letter', () => {
  const { top, press } = someHost();
  press('/', 'q');
  expect(top.wantsToQuit).toBe(false);
  press('escape', 'q');
  expect(top.wantsToQuit).toBe(true);
});
