// `waggle trace --summary`: what ran, failed and took long, at the end and meanwhile; as text and as one object.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

interface Sums {
  readonly program: string;
  readonly runs: number;
  readonly failed: number;
  readonly totalNs: string;
  readonly longestNs: string;
}

interface Summary {
  readonly event: 'summary';
  readonly execs: number;
  readonly ended: number;
  readonly failed: number;
  readonly failedExecs: number;
  readonly lost: number;
  readonly peakPerSecond: number;
  readonly programs: readonly Sums[];
  readonly starters: readonly { readonly program: string; readonly started: number }[];
  readonly slowest: readonly { readonly argv: readonly string[] }[];
  readonly failures: readonly { readonly event: string; readonly argv: readonly string[] }[];
}

const tool = workload('exit_with');
const SCRIPT = `
  ${workload('storm')} 50 0 ${tool}
  ${tool} --id=3 --why=because
  sleep 0.3
  /nowhere/at/all --given 2>/dev/null
  exit 0`;

describe('trace --summary', () => {
  kernelTest('--json: one object, whose sums are those of what ran', async () => {
    const result = await Waggle.run(['trace', '--summary', '--json', '--', 'bash', '-c', SCRIPT]);
    expect(result.stdout.trim().split('\n').length).toBe(1);
    const summary = JSON.parse(result.stdout) as Summary;
    // bash, storm, 51 of the tool, sleep.
    expect(summary).toMatchObject({ event: 'summary', execs: 54, lost: 0, failedExecs: 1 });
    const sums = summary.programs.find(({ program }) => program === 'exit_with');
    expect(sums).toMatchObject({ runs: 51 });
    const sleep = summary.programs.find(({ program }) => program === 'sleep');
    expect(Number(sleep?.longestNs)).toBeGreaterThan(0.3e9);
    expect(summary.starters.find(({ program }) => program === 'storm')?.started).toBe(50);
    expect(summary.peakPerSecond).toBeGreaterThan(0);
    expect(summary.slowest[0]?.argv[0]).toBe('bash');
    expect(summary.failures.find(({ event }) => event === 'failed-exec')?.argv).toContain(
      '--given',
    );
  });

  kernelTest('for people, and at SIGUSR1 while it goes on', async () => {
    await using waggle = new Waggle([
      'trace',
      '--summary',
      '--',
      'bash',
      '-c',
      `${SCRIPT}; sleep 600`,
    ]);
    await waggle.says(/^waggle: ready/m);
    const asked = setInterval(() => waggle.kill('SIGUSR1'), 500);
    try {
      await eventually('all of it in a summary', () => waggle.stdout.includes('/nowhere/at/all'));
    } finally {
      clearInterval(asked);
    }
    expect(waggle.stdout).toMatch(/ 51 .* exit_with$/m);
    expect(waggle.stdout).toMatch(/programs started in .*, at most \d+ a second/);
    expect(waggle.stdout).toMatch(/RUNS +FAILED +TOTAL +LONGEST +CPU +MEMORY +PROGRAM/);
    expect(waggle.stdout).toContain('/nowhere/at/all --given');
    await waggle.stop('SIGTERM');
  });
});
