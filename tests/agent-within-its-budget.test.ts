// `waggle agent` in a storm that costs more than it may: what it gives up is said, counted and taken back.

import { expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

interface Summary {
  readonly lost: number;
  readonly gaps: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
}

kernelTest(
  'an agent over its budget gives up its profile, then processes, counts them, and gets well again',
  async () => {
    const folder = freshFolder();
    const store = join(folder, 'store');
    const config = join(folder, 'agent.json');
    const allow = (maxCpu: number) =>
      writeFileSync(config, JSON.stringify({ store, metrics: '127.0.0.1:0', maxCpu }));
    // Less than any storm takes.
    allow(1);
    await using waggle = new Waggle(['agent', '--config', config]);
    await waggle.says(/^waggle: ready/m);
    const url = /http:\S+\/metrics/.exec(waggle.stderr)?.[0] ?? '';
    const metric = async (name: string) =>
      Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(url)).text())?.[1]);
    const storm = Bun.spawn([workload('storm'), '60000', '0', workload('exit_with')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      await eventually('processes to be kept back', async () => {
        return (await metric('waggle_budget_dropped_events_total')) > 0;
      });
    } finally {
      storm.kill();
      await storm.exited;
    }
    expect(waggle.stderr).toMatch(
      /warning: the agent has taken \d+ % of a CPU, of 1 that it may have: no profile until it takes less/,
    );
    expect(waggle.stderr).toMatch(/: no profile, and \d+ processes a second at most until/);
    expect(await metric('waggle_budget_step')).toBeGreaterThan(1);
    expect(await metric('waggle_budget_unprofiled_seconds_total')).toBeGreaterThan(1);
    allow(400);
    process.kill(waggle.pid, 'SIGHUP');
    await waggle.says(/another budget: everything again/);
    expect(await metric('waggle_budget_step')).toBe(0);
    const dropped = await metric('waggle_budget_dropped_events_total');
    // It samples again.
    await Bun.spawn([workload('burn_in_2'), '1500']).exited;
    const { code } = await waggle.stop('SIGTERM');
    expect(code).toBe(0);
    const { stdout } = await Waggle.run(['history', '--store', store, '--summary', '--json']);
    const { lost, gaps } = JSON.parse(stdout) as Summary;
    expect(lost).toBe(dropped);
    expect(gaps).toMatchObject([{ reason: 'no profile: over its budget of CPU time' }]);
    const profile = await Waggle.run([
      ...['history', 'profile', '--store', store, '--since', '10m', '--comm', '^only_in_2$'],
    ]);
    expect(profile.stdout).toMatch(/only_in_2/);
  },
  400_000,
);
