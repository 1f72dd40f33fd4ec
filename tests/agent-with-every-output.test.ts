// One `waggle agent` with all of its outputs at once, by its file: store, receiver of OTLP, Prometheus, the page.

import { expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpReceiver } from '../packages/otlp/test/receiver.ts';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { exitCodeOf, run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

kernelTest('an agent keeps, sends, counts and serves the same processes and samples', async () => {
  using receiver = new HttpReceiver();
  const folder = freshFolder();
  const store = join(folder, 'store');
  const tokenFile = join(folder, 'token');
  const config = join(folder, 'agent.json');
  writeFileSync(
    config,
    JSON.stringify({
      ...{ store, tokenFile, frequency: 49 },
      ...{ metrics: '127.0.0.1:0', serve: '127.0.0.1:0' },
      otlp: { endpoint: receiver.url, spool: join(folder, 'spool') },
    }),
  );
  await using waggle = new Waggle(['agent', '--config', config]);
  await waggle.says(/^waggle: ready/m);
  const [, metricsUrl = ''] = /metrics at (\S+metrics)/.exec(waggle.stderr) ?? [];
  const [, page = ''] = /the page at (http:\S+\/)/.exec(waggle.stderr) ?? [];
  const token = readFileSync(tokenFile, 'utf8').trim();
  expect(waggle.stderr).not.toContain(token);
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(new URL('/api/processes', page))).status).toBe(401);

  const mark = `every${process.pid}`;
  await exitCodeOf(workload('exit_with'), '--id=7', mark, '--password', 'hunter2');
  // What is sampled from now on.
  const profile = fetch(new URL('/api/profile?seconds=5&format=folded', page), { headers });
  await run(workload('burn_in_2'), '1500');
  expect((await (await profile).text()).includes('only_in_2')).toBe(true);
  const processes = await (await fetch(new URL('/api/processes', page), { headers })).text();
  expect(processes).toContain(String(waggle.pid));
  expect(processes).not.toContain('hunter2');
  const metrics = await fetch(metricsUrl, { headers });
  expect(await metrics.text()).toMatch(/^waggle_exits_total\{outcome="failure"\} [1-9]/m);
  await eventually('the receiver to have its logs', () =>
    receiver.records.some(({ attributes }) => {
      const argv = attributes['process.command_args'];
      return Array.isArray(argv) && argv.includes(mark);
    }),
  );
  await eventually('the receiver to have a profile', () => receiver.of('profiles').length > 0);
  expect((await waggle.stop('SIGTERM')).code).toBe(0);

  const history = await Waggle.run(['history', '--store', store, '--json', '--comm', 'exit_with']);
  const kept = history.stdout.split('\n').filter((line) => line.includes(mark));
  expect(kept.map((line) => JSON.parse(line).exitCode)).toEqual([7]);
  const all = ['history', 'profile', '--store', store, '--comm', '^only_in_2$'];
  expect((await Waggle.run(all)).stdout.includes('only_in_2')).toBe(true);
});
