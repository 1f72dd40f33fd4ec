// A replay of a recording in memory: what is shown at a moment does not depend on the way there.

import { expect, test } from 'bun:test';
import { ProcfsError, type ProcStat } from '@waggle/cache';
import type { ProcessEvent } from '@waggle/core';
import fc from 'fast-check';
import type { ProcessFigures } from '../src/model/process-table.ts';
import type { RecordedGap, RecordedSamples, Recording } from '../src/model/recording.ts';
import { execEvent, exitEvent, forkEvent, NOW, profileOf, someHost, typed } from './some-host.ts';

const SECOND = 1000;
const KEPT = { from: NOW, to: NOW + 600 * SECOND };

/** Who ran, as /proc would have said it. */
class MemoryFigures implements ProcessFigures {
  readonly clockTicksPerSecond = 100;
  at = 0;

  pids(): number[] {
    const isThere = this.at >= NOW + 100 * SECOND && this.at < NOW + 200 * SECOND;
    return isThere ? [1, 50] : [1];
  }

  stat(pid: number): ProcStat {
    if (!this.pids().includes(pid)) throw new ProcfsError('gone', pid, 'stat');
    const isJob = pid === 50;
    return {
      ...{ pid, comm: isJob ? 'job' : 'init', ppid: isJob ? 1 : 0, state: 'R', flags: 0 },
      startTimeTicks: isJob ? 370_000 : 0,
      ...{ kernelThread: false, utimeTicks: 0, stimeTicks: 0, numThreads: 1, rssPages: 0 },
      ...{ pgrp: 0, session: 0, ttyNr: 0, tpgid: -1, exiting: false, ended: false, instance: 0 },
      ...{ vsizeBytes: 0, startCode: 0, startStack: 0, layoutFingerprint: 0 },
    };
  }
}

/** A job runs from the 100th second to the 200th, and every minute a program fails. */
class MemoryRecording implements Recording {
  readonly kept = KEPT;
  readonly procfs = new MemoryFigures();
  readonly missing: RecordedGap = {
    from: NOW + 300 * SECOND,
    to: NOW + 330 * SECOND,
    reason: 'no agent ran',
  };
  readonly #events: readonly ProcessEvent[];

  constructor() {
    const job = ['/usr/bin/job'];
    const began = NOW + 100 * SECOND;
    const events = [forkEvent(1, 50, began), execEvent(50, 1, job, began)];
    for (let minute = 0; minute < 10; minute++) {
      const at = NOW + (minute * 60 + 30) * SECOND;
      const failing = [`/bin/fails-${minute}`];
      events.push(execEvent(60 + minute, 1, failing, at));
      events.push(exitEvent(60 + minute, 1, failing, { exitCode: 1 }, at + 5));
    }
    events.push(exitEvent(50, 1, job, {}, NOW + 200 * SECOND));
    this.#events = events.sort((a, b) => Number(a.time - b.time));
  }

  beginFor(at: number, beforeMs: number): number {
    return Math.max(at - beforeMs, KEPT.from);
  }

  startAt(at: number): void {
    this.procfs.at = at;
  }

  goTo(at: number): void {
    this.procfs.at = at;
  }

  events(from: number, to: number): readonly ProcessEvent[] {
    return this.#events.filter(({ time }) => {
      const ms = Number(time / 1_000_000n);
      return ms > from && ms <= to;
    });
  }

  samples(from: number, to: number): readonly RecordedSamples[] {
    const found: RecordedSamples[] = [];
    for (let second = 101; second <= 200; second++) {
      const until = NOW + second * SECOND;
      if (until > from && until <= to)
        found.push({ until, profile: profileOf(`50 job;main;work${second} 100`) });
    }
    return found;
  }

  gaps(from: number, to: number): readonly RecordedGap[] {
    return this.missing.to >= from && this.missing.from <= to ? [this.missing] : [];
  }

  momentOf(text: string): number | undefined {
    const seconds = Number(text);
    return Number.isNaN(seconds) ? undefined : NOW + seconds * SECOND;
  }
}

function replayed(second: number) {
  const recording = new MemoryRecording();
  const at = NOW + second * SECOND;
  const host = someHost({ procfs: recording.procfs, replay: { recording, at } });
  host.top.tick(at);
  return host;
}

const goTo = (host: ReturnType<typeof replayed>, second: number) =>
  host.press('@', ...typed(String(second)), 'enter');

test('processes, samples and events are those of the moment, and the line says which it is', () => {
  const host = replayed(115);
  const screen = host.screen(140);
  expect(screen.text()).toMatch(/REPLAY \d{4}-\d\d-\d\d \d\d:\d\d:\d\d stands/);
  expect(screen.text()).toMatch(/ 50 .* 100\.0? .*job/);
  host.press('2');
  // The last ten seconds, and nothing behind the moment.
  const flames = host.screen(400).text();
  for (const second of [106, 115]) expect(flames).toContain(`work${second}`);
  for (const second of [105, 116]) expect(flames).not.toContain(`work${second}`);
  host.press('4');
  const events = host.screen(140).text();
  expect(events).toContain('fails-1');
  expect(events).not.toContain('fails-2');
});

test('steps, jumps and the first and last moment', () => {
  const host = replayed(95);
  expect(host.screen().text()).not.toMatch(/\bjob\b/);
  host.press('right');
  expect(host.screen().text()).toMatch(/\bjob\b/);
  host.press('left');
  expect(host.screen().text()).not.toMatch(/\bjob\b/);
  host.press(')');
  expect(host.screen().text()).toMatch(/\bjob\b/);
  goTo(host, 192);
  host.press('.');
  expect(host.screen().text()).toContain('· code 0');
  goTo(host, 9999);
  expect(host.screen().text()).toContain('that is the last that is kept');
  goTo(host, -5);
  expect(host.screen().text()).toContain('that is the first that is kept');
  host.press('@', ...typed('soon'), 'enter');
  expect(host.screen().text()).toContain('"soon" is no time');
});

test('where nobody looked it is said, as long as the moment is there', () => {
  const host = replayed(299);
  expect(host.screen(140).text()).not.toContain('NOBODY LOOKED');
  host.press('right');
  expect(host.screen(140).text()).toContain('NOBODY LOOKED (no agent ran)');
  goTo(host, 330);
  expect(host.screen(140).text()).not.toContain('NOBODY LOOKED');
});

test('what is selected in a view stays there, and events of another moment are other events', () => {
  const host = replayed(590);
  host.press('4');
  host.screen();
  host.press('down', 'enter');
  expect(host.screen().text()).toContain('fails-9');
  goTo(host, 60);
  expect(host.screen().text()).toContain('fails-0');
  expect(host.screen().text()).not.toContain('fails-9');
});

test('a moment is shown alike, whichever others were before it', () => {
  const pictures = new Map<number, string>();
  const picture = (host: ReturnType<typeof replayed>) =>
    ['1', '2', '3', '4'].map((view) => {
      host.press(view);
      return host.screen(160, 40).rows().slice(2, -1).join('\n');
    });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 5 }), (seconds) => {
      const last = seconds.at(-1) ?? 0;
      const host = replayed(0);
      for (const second of seconds) goTo(host, second);
      const shown = picture(host).join('\n--\n');
      const fresh = replayed(last);
      fresh.press('1');
      expect(shown).toBe(pictures.get(last) ?? picture(fresh).join('\n--\n'));
      pictures.set(last, shown);
    }),
    { numRuns: 30, examples: [[[131, 102]]] },
  );
}, 90_000);

test('it plays as fast as it is told, and stands at the end', async () => {
  const host = replayed(590);
  host.press('*', '*', 'space');
  expect(host.screen(140).text()).toContain('▶ 60x');
  const began = performance.now();
  while (host.screen(140).text().includes('▶') && performance.now() - began < 60_000) {
    await Bun.sleep(20);
    host.top.tick(Date.now());
  }
  // Ten seconds of it.
  expect(performance.now() - began).toBeGreaterThan((10 * SECOND) / 60 - 1);
  expect(host.screen(140).text()).toMatch(/REPLAY .* stands/);
  expect(host.top.data.now).toBe(KEPT.to);
}, 90_000);

/** Everything until then can be read; what is behind it in a part alone, or not at all. */
class DamagedRecording extends MemoryRecording {
  readonly wholeUntil = NOW + 300 * SECOND;
  fate: string | undefined;

  override startAt(at: number): void {
    if (at > this.wholeUntil + 60 * SECOND) throw new Error('damaged');
    super.startAt(at);
  }

  override events(from: number, to: number): readonly ProcessEvent[] {
    if (to > this.wholeUntil) throw new Error('damaged');
    return super.events(from, to);
  }

  wordsOf(error: unknown): string | undefined {
    return (error as Error).message === 'damaged' ? 'a part is damaged' : undefined;
  }
}

function replayedWith<Kind extends MemoryRecording>(recording: Kind, second: number) {
  const at = NOW + second * SECOND;
  const host = someHost({ procfs: recording.procfs, replay: { recording, at } });
  host.top.tick(at);
  return { ...host, recording };
}

test('a moment that cannot be read is said, the one before stays, and another one is shown', () => {
  const host = replayedWith(new DamagedRecording(), 115);
  const line = /REPLAY .*/.exec(host.screen(140).text())?.[0];
  goTo(host, 500);
  expect(host.screen(140).text()).toContain('a part is damaged');
  expect(/REPLAY .*/.exec(host.screen(140).text())?.[0]).toBe(line);
  expect(host.screen(140).text()).toMatch(/ 50 .*job/);
  goTo(host, 250);
  expect(host.top.data.now).toBe(NOW + 250 * SECOND);
});

test('a moment of which a part cannot be read is marked as long as it is there', () => {
  const host = replayedWith(new DamagedRecording(), 115);
  goTo(host, 350);
  expect(host.screen(140).text()).toContain('a part is damaged');
  expect(host.screen(140).text()).toMatch(/REPLAY .* NOT WHOLE stands/);
  host.top.tick(Date.now());
  expect(host.screen(140).text()).toContain('NOT WHOLE');
  goTo(host, 115);
  expect(host.screen(140).text()).not.toContain('NOT WHOLE');
  expect(host.screen(140).text()).toMatch(/ 50 .*job/);
});

test('it plays to where it cannot be read and stands there', async () => {
  const host = replayedWith(new DamagedRecording(), 295);
  host.press('*', '*', 'space');
  const began = performance.now();
  while (host.screen(140).text().includes('▶') && performance.now() - began < 60_000) {
    await Bun.sleep(20);
    host.top.tick(Date.now());
  }
  expect(host.screen(140).text()).toMatch(/REPLAY .* NOT WHOLE stands/);
  expect(host.screen(140).text()).toContain('a part is damaged');
}, 90_000);

test('other errors of a recording, and those of its first moment, are the caller’s', () => {
  const host = replayedWith(new DamagedRecording(), 115);
  host.recording.gaps = () => {
    throw new TypeError('a mistake');
  };
  expect(() => goTo(host, 120)).toThrow('a mistake');
  expect(() => replayedWith(new DamagedRecording(), 350)).toThrow('damaged');
});

test('what has become of a recording is said beside its moment', () => {
  const host = replayedWith(new DamagedRecording(), 115);
  host.recording.fate = 'the store was deleted';
  host.press('right');
  expect(host.screen(140).text()).toMatch(/REPLAY .* stands · the store was deleted/);
});
