// Marks in stacks for what the CPU did besides the process's own work: softirqs, which run on top of
// whatever is there, and nothing at all.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFolded, samples, samplesUnder, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

/** Jiffies that all CPUs were idle and that there were, from proc_stat(5). */
function cpuTime(): { readonly idle: number; readonly all: number } {
  const [, line = ''] = /^cpu +(.+)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  // Guest time is in user time already; time that the hypervisor took is nobody's, and has no samples.
  const fields = line.split(' ').map(Number).slice(0, 7);
  const [, , , idle = 0, waiting = 0] = fields;
  return { idle: idle + waiting, all: fields.reduce((sum, each) => sum + each, 0) };
}

describe('softirqs', () => {
  kernelTest('are marked where they begin, and the summary tells their share', async () => {
    const path = join(freshFolder(), 'out.folded');
    const { code, stderr } = await Waggle.run([
      ...['record', '-F', '999', '-o', path, '--', workload('loopback'), '1000'],
    ]);
    expect(code).toBe(0);
    const stacks = parseFolded(readFileSync(path, 'utf8'));
    const received = samplesWith(stacks, 'net_rx_action_[k]');
    expect(received).toBeGreaterThan(50);
    const entry = /^(?:handle_softirqs|__do_softirq|__softirqentry_text_start)/;
    for (const { frames } of stacks) {
      const begins = frames.findIndex((frame) => entry.test(frame));
      const marks = frames.flatMap((frame, at) => (frame === '[softirq]_[k]' ? [at] : []));
      expect({ frames, marks }).toEqual({ frames, marks: begins < 0 ? [] : [begins - 1] });
    }
    const marked = samplesWith(stacks, '[softirq]_[k]');
    expect(marked).toBeGreaterThanOrEqual(received);
    const [, told] = /^waggle: ([\d.]+) % of samples in softirqs/m.exec(stderr) ?? [];
    expect(Math.abs(Number(told) - (100 * marked) / samples(stacks))).toBeLessThan(0.1);
  });
});

describe('idle CPUs', () => {
  kernelTest('with --idle are stacks of their own, as many as the kernel says', async () => {
    const path = join(freshFolder(), 'out.folded');
    await using waggle = await Waggle.record(['-a', '--idle', '-F', '499', '-o', path]);
    const before = cpuTime();
    // Its signal comes late on a busy host: what is sampled until then is a small part.
    await Bun.sleep(5000);
    const after = cpuTime();
    const { code, stderr } = await waggle.stop();
    expect(code).toBe(0);
    const expected = (100 * (after.idle - before.idle)) / (after.all - before.all);
    const stacks = parseFolded(readFileSync(path, 'utf8'));
    const idle = samples(stacks, ({ frames }) => frames[0] === '[idle]');
    // Of the last moments, in which it is no longer measured, all are work.
    expect(Math.abs((100 * idle) / samples(stacks) - expected)).toBeLessThan(15);
    expect(samplesUnder(stacks, 'swapper/0')).toBe(0);
    if (idle > 0) expect(stderr).toMatch(/CPUs were idle in [\d.]+ % of samples/);
  });

  kernelTest('are left out otherwise, and that is what --skip-idle says', async () => {
    for (const args of [[], ['--skip-idle']]) {
      const path = join(freshFolder(), 'out.folded');
      const { code } = await Waggle.run(['record', '-a', '-d', '0.5', ...args, '-o', path]);
      expect(code).toBe(0);
      const stacks = parseFolded(readFileSync(path, 'utf8'));
      expect(samples(stacks, ({ frames }) => frames[0] === '[idle]')).toBe(0);
      expect(stacks.some(({ frames }) => frames[0]?.startsWith('swapper'))).toBe(false);
    }
  });

  for (const [args, words] of [
    [['-a', '--idle', '--skip-idle'], '--skip-idle'],
    [['--idle', '--', 'true'], 'needs -a'],
  ] as const)
    kernelTest(`${args.join(' ')} is refused`, async () => {
      const { code, stderr } = await Waggle.run(['record', ...args]);
      expect({ code, says: stderr.includes(words) }).toEqual({ code: 2, says: true });
    });
});
