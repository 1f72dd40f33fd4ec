// `waggle agent --otlp` on the real kernel: what a receiver has got is what `trace --json` beside it has seen.

import { describe, expect } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpReceiver } from '../packages/otlp/test/receiver.ts';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { exitCodeOf, run, TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

async function agent(url: string, folder: string, ...args: string[]): Promise<Waggle> {
  const waggle = new Waggle([
    ...['agent', '--no-store', '--otlp', url, '--otlp-spool', join(folder, 'spool')],
    ...args,
  ]);
  await waggle.says(/^waggle: ready/m);
  return waggle;
}

/** Ids of executions, ends and failures with this in their arguments. */
function idsWith(trace: Waggle, mark: string): ReadonlySet<string> {
  const told = trace.stdout
    .split('\n')
    .filter((line) => line.includes(mark) && line.endsWith('}'))
    .map((line) => JSON.parse(line) as { readonly argv?: readonly string[]; eventId: string });
  return new Set(
    told.filter(({ argv }) => argv?.includes(mark) === true).map(({ eventId }) => eventId),
  );
}

const recordsWith = (receiver: HttpReceiver, mark: string) =>
  receiver.records.filter(({ attributes }) => {
    const argv = attributes['process.command_args'];
    return Array.isArray(argv) && argv.includes(mark);
  });

const uidsOf = (records: ReturnType<typeof recordsWith>): ReadonlySet<string> =>
  new Set(records.map(({ attributes }) => String(attributes['log.record.uid'])));

describe('waggle agent --otlp', () => {
  kernelTest('what was sent is what was seen beside it, by the same ids', async () => {
    using receiver = new HttpReceiver();
    await using waggle = await agent(receiver.url, freshFolder());
    await using trace = await Waggle.trace(['--events', 'exec,exit,failed-exec']);
    const mark = `mark${process.pid}`;
    // A search along PATH fails before it succeeds.
    const script = `"$0" --id=7 ${mark}; PATH=/nonexistent:/none env - PATH=/none:/bin true ${mark}; ./missing ${mark}; true`;
    await run('sh', '-c', script, workload('exit_with'));
    await exitCodeOf(workload('exit_with'), '--id=0', '--password', 'hunter2', mark);
    await eventually('the trace to have the last', () => {
      const lines = trace.stdout.split('\n').filter((line) => line.includes('"exit"'));
      return lines.some((line) => line.includes('hunter2') && line.includes(mark));
    });
    const { code } = await trace.stop('SIGINT');
    expect(code).toBe(0);
    await waggle.stop('SIGTERM');
    const sent = recordsWith(receiver, mark);
    expect(uidsOf(sent)).toEqual(idsWith(trace, mark));
    expect(new Set(sent.map(({ eventName }) => eventName))).toEqual(
      new Set(['process.exec', 'process.exit', 'process.exec.failed']),
    );
    const [failure] = sent.filter(({ attributes }) => attributes['process.exit.code'] === '7');
    expect(failure).toMatchObject({ severity: 13, eventName: 'process.exit' });
    expect(
      JSON.stringify(sent, (_, value) => (typeof value === 'bigint' ? 0 : value)),
    ).not.toContain('hunter2');
    expect(receiver.resource).toMatchObject({ 'service.name': 'waggle', 'os.type': 'linux' });
    const names = receiver
      .of('metrics')
      .flatMap(({ message }) => message.resourceMetrics[0].scopeMetrics[0].metrics)
      .map(({ name }: { readonly name: string }) => name);
    expect(names).toContain('waggle_execs_total');
    expect(names).toContain('waggle_otlp_items_total');
  });

  kernelTest(
    'a receiver that is away and an agent that is killed lose nothing that was spooled',
    async () => {
      const folder = freshFolder();
      const away = new HttpReceiver();
      const { port, url } = away;
      away[Symbol.dispose]();
      const spool = join(folder, 'spool');
      const mark = `mark${process.pid}b`;
      const spooled = () => readdirSync(spool).filter((name) => name.includes('-logs-')).length;
      await using trace = await Waggle.trace();
      for (let round = 0; round < 2; round++) {
        await using waggle = await agent(url, folder);
        for (let each = 0; each < 20; each++)
          await exitCodeOf(workload('exit_with'), '--id=0', mark);
        // The batch that has the last is on disk once the one after it is.
        const before = spooled();
        const end = performance.now() + 60_000;
        while (spooled() < before + 2) {
          if (performance.now() > end) throw new Error('nothing is spooled');
          await exitCodeOf(workload('exit_with'), '--id=0', 'other');
        }
        await waggle.stop('SIGKILL');
      }
      using receiver = new HttpReceiver({ port });
      await using last = await agent(url, folder);
      await eventually('all of it to arrive', () => recordsWith(receiver, mark).length >= 80);
      await last.stop('SIGTERM');
      await trace.stop('SIGINT');
      expect(uidsOf(recordsWith(receiver, mark))).toEqual(idsWith(trace, mark));
      expect(readdirSync(spool).filter((name) => name.includes('-logs-'))).toEqual([]);
    },
  );

  kernelTest(
    'the file is read again: another receiver and other headers from then on',
    async () => {
      const folder = freshFolder();
      using one = new HttpReceiver();
      using other = new HttpReceiver();
      const config = join(folder, 'agent.json');
      mkdirSync(folder, { recursive: true });
      const headers = join(folder, 'headers');
      writeFileSync(headers, 'authorization: Bearer s3cret\n', { mode: 0o600 });
      const write = (otlp: object) =>
        writeFileSync(
          config,
          JSON.stringify({
            store: false,
            otlp: { spool: join(folder, 'spool'), signals: ['logs'], ...otlp },
          }),
        );
      write({ endpoint: one.url });
      await using waggle = new Waggle(['agent', '--config', config]);
      await waggle.says(/^waggle: ready/m);
      const mark = `mark${process.pid}c`;
      await exitCodeOf(workload('exit_with'), '--id=0', mark);
      await eventually('the first receiver', () => recordsWith(one, mark).length === 2);
      write({ endpoint: other.url, headersFile: headers });
      process.kill(waggle.pid, 'SIGHUP');
      await waggle.says(/was read again/);
      await exitCodeOf(workload('exit_with'), '--id=0', mark);
      await eventually('the second receiver', () => recordsWith(other, mark).length === 2);
      expect(other.requests[0]?.headers.authorization).toBe('Bearer s3cret');
      write({ endpoint: other.url, headerFile: headers });
      process.kill(waggle.pid, 'SIGHUP');
      await waggle.says(/nothing is changed: .*"otlp\.headerFile"; did you mean "headersFile"/);
      const { stderr } = await waggle.stop('SIGTERM');
      expect(stderr).not.toContain('s3cret');
      expect(recordsWith(one, mark).length).toBe(2);
    },
  );
});

kernelTest('the README of @waggle/otlp has an agent that sends what happens', async () => {
  using receiver = new HttpReceiver();
  const folder = mkdtempSync(join(import.meta.dir, '.otlp-'));
  try {
    const readme = readFileSync(join(import.meta.dir, '../packages/otlp/README.md'), 'utf8');
    const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const until = join(folder, 'until');
    const code = example
      .replace('http://127.0.0.1:4318', receiver.url)
      .replace('/var/lib/waggle/otlp-spool', join(folder, 'spool'))
      // In the place of ten seconds: until the test has seen what it wants.
      .replace(
        'await Bun.sleep(10_000);',
        `console.log('ready'); while (!(await Bun.file(${JSON.stringify(until)}).exists())) await Bun.sleep(50);`,
      );
    expect(code).toContain("console.log('ready')");
    writeFileSync(join(folder, 'example.ts'), code);
    await using sending = new TestProcess([process.execPath, join(folder, 'example.ts')]);
    await eventually('the example to run', () => sending.stdout.includes('ready'));
    const mark = `readme${process.pid}`;
    await exitCodeOf(workload('exit_with'), '--id=3', mark);
    await eventually('its records', () => recordsWith(receiver, mark).length === 2);
    writeFileSync(until, '');
    expect(await sending.ended()).toBe(0);
    expect(sending.stdout).toMatch(/sent/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
