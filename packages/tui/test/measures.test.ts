// Time off the CPU beside samples, threads apart, source lines, and what changed in the last seconds.

import { expect, test } from 'bun:test';
import type { Profile } from '@waggle/formats';
import { changeOf } from '../src/model/change.ts';
import { amountText, type Measure } from '../src/model/measures.ts';
import { NOW, profileOf, someHost } from './some-host.ts';

/** A source line for the leaf of each stack. */
function withLines(profile: Profile, ...lines: number[]): Profile {
  return {
    ...profile,
    stacks: profile.stacks.map(({ frames, ...rest }, index) => ({
      ...rest,
      frames: frames.map((frame, at) =>
        at === frames.length - 1 ? { ...frame, file: '/src/burn.c', line: lines[index]! } : frame,
      ),
    })),
  };
}

test('o and w show other measures, which begin when they are asked for and end again', () => {
  const asked: Measure[] = [];
  const { top, press, screen } = someHost({
    measure: (measure) => {
      asked.push(measure);
      return undefined;
    },
  });
  top.data.addSamples(profileOf('7 app;main;burn 50'), NOW);
  press('o');
  expect(screen().text()).toContain('off the CPU');
  expect(screen().text()).toContain('nothing has waited and gone on');
  top.data.addSamples(profileOf('7 app;main;poll;[interruptible] 2500000'), NOW, 'off-cpu');
  top.data.addSamples(profileOf('7 app;main;burn 10'), NOW, 'cpu');
  expect(screen().text()).toContain('[interruptible]');
  expect(screen().text()).toContain('(2.50 s)');
  expect(screen().text()).not.toContain('burn');
  press('o');
  expect(screen().text()).toContain('burn');
  press('w');
  // What comes late of a measure that has ended is nobody's.
  top.data.addSamples(profileOf('7 app;main;late 5'), NOW, 'off-cpu');
  top.data.addSamples(profileOf('7 app;main;walled 1500'), NOW, 'wall');
  expect(screen().text()).toContain('walled');
  press('o', 'o');
  expect(screen().text()).not.toContain('late');
  expect(asked).toEqual(['off-cpu', 'cpu', 'wall', 'off-cpu', 'cpu']);
});

test('a filter and hidden kernel frames hold for every measure', () => {
  const { top, press, screen, procfs } = someHost({ measure: () => undefined });
  procfs.spawn(7, { comm: 'app', ppid: 1 });
  procfs.spawn(8, { comm: 'other', ppid: 1 });
  top.data.start(NOW);
  press('/', 'a', 'p', 'p', 'enter', '2', 'b', 'o');
  const lines = ['7 app;main;k:schedule 900', '8 other;main;k:sleep 400'];
  top.data.addSamples(profileOf(...lines), NOW, 'off-cpu');
  const text = screen().text();
  expect(text).toContain('(900 µs)');
  expect(text).not.toMatch(/schedule|sleep/);
});

test('what cannot be measured says why', () => {
  const { press, screen } = someHost({ measure: () => 'needs Linux 6.16' });
  press('o');
  expect(screen().text()).toContain('needs Linux 6.16');
  const plain = someHost();
  plain.press('w');
  expect(plain.screen().text()).toContain('only time on the CPU');
});

test('threads are one until they are told apart', () => {
  const { top, press, screen } = someHost({ threadFrames: true });
  const profile = profileOf('7 app;worker (8);main 5', '7 app;other (9);main 5');
  press('2');
  top.data.addSamples(profile, NOW);
  expect(screen().text()).not.toContain('worker');
  press('T');
  top.data.addSamples(profile, NOW + 500);
  expect(screen().text()).toContain('worker (8)');
  expect(screen().text()).toContain('threads apart');
  press('T', 'r');
  top.data.addSamples(profile, NOW + 1000);
  expect(screen().text()).not.toContain('worker');
});

test('a function that is opened has its source lines, those of what is shown', () => {
  const { top, press, screen } = someHost();
  const profile = profileOf('7 app;main;burn 30', '7 app;main;burn 10', '8 b;main;burn 7');
  top.data.addSamples(withLines(profile, 12, 19, 99), NOW);
  press('3');
  screen();
  press('enter');
  const text = screen().text();
  expect(text).toMatch(/63\.8 +\/src\/burn\.c:12\n.*21\.3 +\/src\/burn\.c:19\n/);
  // That of the other program is another function.
  expect(text).not.toContain(':99');
  expect(text).toContain('called by');
});

test('what got more or less in the last seconds is marked', () => {
  const { top, press, screen } = someHost();
  for (let half = 1; half <= 12; half++) {
    const busy = half > 8 ? 'late' : 'early';
    top.data.addSamples(
      profileOf('7 app;main;steady 25', `7 app;main;${busy} 25`),
      NOW + half * 500,
    );
  }
  press('2');
  expect(screen().text()).not.toContain('▲');
  press('d');
  const text = screen().text();
  expect(text).toContain('▲ late');
  expect(text).toContain('▼ early');
  expect(text).not.toMatch(/[▲▼] steady/);
  press('d');
  expect(screen().text()).not.toContain('▲');
});

test('chance is no change', () => {
  const node = { total: 52 };
  expect(changeOf(node, 100, { total: 12 }, 20)).toBe('same');
  expect(changeOf(node, 100, undefined, 5)).toBe('same');
  expect(changeOf({ total: 520 }, 1000, { total: 190 }, 200)).toBe('more');
  expect(changeOf({ total: 520 }, 1000, undefined, 200)).toBe('less');
});

test('amounts have the unit that fits', () => {
  expect(amountText('cpu', 31.4)).toBe('31 samples');
  expect(amountText('off-cpu', 12)).toBe('12 µs');
  expect(amountText('wall', 4321)).toBe('4.3 ms');
  expect(amountText('wall', 4_321_000)).toBe('4.32 s');
});
