// `waggle serve` on the real kernel: what real processes do is in what it answers, and it ends as it should. Who may
// ask, the page, and everything that a made-up host can show: packages/serve.

import { describe, expect } from 'bun:test';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFolded, parsePprof } from '@waggle/formats';
import { eventually } from './support/deadline.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { freePorts, RealServer, serverBuilds } from './support/real-servers.ts';
import { Waggle, type WaggleOptions } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

/** A server that has printed its URL. */
class Serving implements AsyncDisposable {
  private constructor(
    readonly waggle: Waggle,
    readonly url: string,
  ) {}

  static async start(args: readonly string[] = [], options: WaggleOptions = {}): Promise<Serving> {
    const waggle = new Waggle(['serve', '--listen', '127.0.0.1:0', ...args], options);
    try {
      const url = await eventually('the URL', () => /^http:\S+$/m.exec(waggle.stdout)?.[0]);
      return new Serving(waggle, url);
    } catch (error) {
      await waggle[Symbol.asyncDispose]();
      throw new Error(`${error}; stderr: ${waggle.stderr}`);
    }
  }

  get origin(): string {
    return new URL(this.url).origin;
  }

  get token(): string {
    return new URL(this.url).hash.slice('#token='.length);
  }

  ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}${path}`, {
      headers: { authorization: `Bearer ${this.token}`, ...headers },
    });
  }

  /** With the token as tools give it. */
  address(path: string): string {
    return `${this.origin}${path}${path.includes('?') ? '&' : '?'}token=${this.token}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.waggle[Symbol.asyncDispose]();
  }
}

interface Listed {
  readonly pid: number;
  readonly comm: string;
  readonly argv: readonly string[] | null;
  readonly ppid: number;
  readonly samples: number;
  readonly exitCode: number | null;
  readonly endedAt: string | null;
}

async function processesOf(serving: Serving, query = ''): Promise<readonly Listed[]> {
  const answer = await (await serving.ask(`/api/processes${query}`)).json();
  const { processes } = answer as { readonly processes: readonly Listed[] };
  return processes;
}

const go = ['/usr/local/go/bin/go', '/usr/bin/go'].find(existsSync);
const curl = ['/usr/bin/curl', '/bin/curl'].find(existsSync);
/** `apt-get install prometheus`, or the program of its package unpacked somewhere. */
const prometheus =
  process.env.PROMETHEUS ?? ['/usr/bin/prometheus', '/usr/local/bin/prometheus'].find(existsSync);
const builds = serverBuilds('victoria');

/** What scrapes, with the command that starts it on a port. */
type Scraper = (config: string, port: number, folder: string) => readonly string[];

const PROMETHEUS: Scraper = (config, port, folder) => [
  ...[prometheus ?? '', `--config.file=${config}`, '--log.level=error'],
  ...[`--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${folder}/data`],
];

const VICTORIA: Scraper = (config, port, folder) => [
  ...[join(builds.folder('victoria'), 'victoria-metrics'), `-promscrape.config=${config}`],
  ...[`-httpListenAddr=127.0.0.1:${port}`, `-storageDataPath=${folder}/data`],
  // What was scraped just now is asked about.
  '-search.latencyOffset=0s',
];

/** Queries of one that scrapes this server, with the file that docs/serve.md shows. */
async function scraping(
  serving: Serving,
  scraper: Scraper,
): Promise<
  AsyncDisposable & { value(query: string, isThere: (value: number) => boolean): Promise<number> }
> {
  const folder = freshFolder();
  const config = join(folder, 'prometheus.yml');
  writeFileSync(join(folder, 'token'), serving.token);
  writeFileSync(
    config,
    `global: {scrape_interval: 1s}
scrape_configs:
  - job_name: waggle
    authorization: {credentials_file: ${join(folder, 'token')}}
    static_configs: [{targets: ['${new URL(serving.url).host}']}]
`,
  );
  const { port } = await freePorts('port');
  const url = `http://127.0.0.1:${port}`;
  const server = await RealServer.start({ command: scraper(config, port, folder), readyAt: url });
  return {
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    value: (query, isThere) =>
      eventually(`${query} where it is scraped`, async () => {
        const address = `${url}/api/v1/query?query=${encodeURIComponent(query)}`;
        const answer = await fetch(address).catch(() => undefined);
        if (answer?.ok !== true) return undefined;
        const { data } = (await answer.json()) as {
          readonly data: {
            readonly result: readonly { readonly value: readonly [number, string] }[];
          };
        };
        const value = Number(data.result[0]?.value[1] ?? Number.NaN);
        return isThere(value) ? value : undefined;
      }),
  };
}

describe('serve', () => {
  kernelTest('knows who runs, who has ended, and what they spent', async () => {
    await using burner = new TestProcess([workload('call_tree'), '600000']);
    await using serving = await Serving.start(['-F', '199', '-p', String(process.pid)]);
    Bun.spawnSync([workload('exit_with'), '--id=3', '--token=topsecret']);
    const ended = await eventually('the process', async () => {
      const all = await processesOf(serving, '?limit=50000');
      return all.find(({ comm, exitCode }) => comm === 'exit_with' && exitCode === 3);
    });
    expect(ended.argv?.join(' ')).toBe(`${workload('exit_with')} [redacted] [redacted]`);
    expect(ended.ppid).toBe(process.pid);
    expect(ended.endedAt).not.toBeNull();
    const busy = await eventually('samples of the burner', async () => {
      const all = await processesOf(serving, `?from=-30s&pid=${burner.pid}`);
      return all.find(({ pid, samples }) => pid === burner.pid && samples > 50);
    });
    expect(busy.comm).toBe('call_tree');
    const answer = await serving.ask(`/api/profile?format=folded&pid=${burner.pid}`);
    const { stacks } = parseFolded(await answer.text());
    const total = stacks.reduce((sum, { count }) => sum + count, 0);
    const inSixty = stacks
      .filter(({ frames }) => frames.some(({ name }) => name === 'sixty'))
      .reduce((sum, { count }) => sum + count, 0);
    expect(inSixty / total).toBeGreaterThan(0.4);
    expect(inSixty / total).toBeLessThan(0.8);
    const { code, stdout, stderr } = await serving.waggle.stop();
    expect([code, stdout.split('\n').length]).toEqual([0, 2]);
    expect(stdout + stderr).not.toContain('topsecret');
  });

  kernelTest('hands on every event, in order, to every reader', async () => {
    // Others on this host may have storms of their own.
    const own = ['--reveal', '-p', String(process.pid)];
    await using serving = await Serving.start(own);
    const readers = await Promise.all(
      [1, 2, 3].map(() => serving.ask('/api/events?kind=exec&text=--id%3D')),
    );
    const texts = readers.map(() => '');
    for (const [at, { body }] of readers.entries()) {
      const decoder = new TextDecoder();
      void (async () => {
        try {
          for await (const chunk of body as ReadableStream<Uint8Array>)
            texts[at] += decoder.decode(chunk, { stream: true });
        } catch {
          // The server has ended.
        }
      })();
    }
    Bun.spawnSync([workload('storm'), '500', '0', workload('exit_with')]);
    const idsOf = (text: string) => [...text.matchAll(/"--id=(\d+)"/g)].map(([, id]) => Number(id));
    const all = Array.from({ length: 500 }, (_, id) => id);
    for (const at of texts.keys()) {
      await eventually('all events', () => idsOf(texts[at] ?? '').length >= 500);
      expect(idsOf(texts[at] ?? '')).toEqual(all);
    }
    const status = (await (await serving.ask('/api/status')).json()) as {
      readonly lostEvents: number;
    };
    expect(status.lostEvents).toBe(0);
  });

  kernelTest('a command is followed, its end is seen, and its code is ours', async () => {
    await using serving = await Serving.start(['--', '/bin/sh', '-c', 'sleep 0.3; exit 7']);
    await serving.waggle.says(/the command has ended with 7/);
    const ended = async () =>
      (await processesOf(serving)).map(({ comm, exitCode }) => [comm, exitCode]);
    // Who starts a command hears of its end before its events are read.
    const until = performance.now() + 10_000;
    let names = await ended();
    while (!Bun.deepEquals(names.find(([comm]) => comm === 'sh')?.[1], 7)) {
      if (performance.now() > until) break;
      await Bun.sleep(50);
      names = await ended();
    }
    expect(names).toContainEqual(['sh', 7]);
    expect(names).toContainEqual(['sleep', 0]);
    expect((await serving.waggle.stop()).code).toBe(7);
  });

  kernelTest('a token file is made, kept, and refused where others may read it', async () => {
    const file = join(freshFolder(), 'token');
    await using first = await Serving.start(['--token-file', file]);
    expect(readFileSync(file, 'utf8').trim()).toBe(first.token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await first.waggle.stop();
    await using second = await Serving.start(['--token-file', file]);
    expect(second.token).toBe(first.token);
    await second.waggle.stop();
    chmodSync(file, 0o644);
    const open = await Waggle.run(['serve', '--listen', '127.0.0.1:0', '--token-file', file]);
    expect([open.code, open.stderr]).toEqual([1, expect.stringContaining('chmod 600')]);
    writeFileSync(file, 'short\n', { mode: 0o600 });
    chmodSync(file, 0o600);
    const short = await Waggle.run(['serve', '--listen', '127.0.0.1:0', '--token-file', file]);
    expect([short.code, short.stderr]).toEqual([1, expect.stringContaining('has no token')]);
  });

  kernelTest('where it cannot listen it says why, in one line', async () => {
    await using serving = await Serving.start();
    const { port } = new URL(serving.url);
    for (const [address, code, words] of [
      [`127.0.0.1:${port}`, 1, 'is in use by another program'],
      ['192.0.2.1:4377', 1, 'is no address of this host'],
      ['nobody.invalid:4377', 1, 'nobody.invalid is neither an address nor a name'],
      ['127.0.0.1:99999', 2, 'HOST:PORT'],
      ['', 2, 'HOST:PORT'],
    ] as const) {
      const result = await Waggle.run(['serve', '--listen', address]);
      expect([address, result.code, result.stderr]).toEqual([
        address,
        code,
        expect.stringContaining(words),
      ]);
      if (code === 1) expect(result.stderr.trim().split('\n')).toHaveLength(1);
    }
    // And nothing was lost for the one that serves.
    expect((await serving.ask('/api/status')).status).toBe(200);
  });

  kernelTest('other addresses than loopback are warned of', async () => {
    const waggle = new Waggle(['serve', '--listen', '0.0.0.0:0']);
    await using serving = waggle;
    await serving.says(/warning: 0\.0\.0\.0 can be reached from other machines/);
    await serving.stop();
  });

  optionalKernelTest(
    'go tool pprof reads what it asks for',
    go === undefined ? 'no go' : undefined,
    async () => {
      await using _burner = new TestProcess([workload('call_tree'), '600000']);
      await using serving = await Serving.start();
      const { stdout, stderr, exitCode } = Bun.spawnSync(
        [go ?? '', 'tool', 'pprof', '-top', serving.address('/debug/pprof/profile?seconds=3')],
        { env: { ...process.env, PPROF_TMPDIR: freshFolder() } },
      );
      expect([exitCode, stderr.toString()]).toEqual([0, expect.anything()]);
      expect(stdout.toString()).toMatch(/Type: cpu/);
      expect(stdout.toString()).toMatch(/ sixty$/m);
      const bytes = await (await serving.ask('/debug/pprof/profile?seconds=1')).bytes();
      expect(parsePprof(bytes).metadata.durationSeconds).toBeGreaterThan(0.9);
    },
  );

  for (const [name, scraper, missing] of [
    ['Prometheus', PROMETHEUS, prometheus === undefined ? 'no Prometheus' : undefined],
    ['VictoriaMetrics', VICTORIA, builds.missing],
  ] as const)
    optionalKernelTest(
      `${name} scrapes executions, ends by outcome, lifetimes, and waggle's own cost`,
      missing,
      async () => {
        await using serving = await Serving.start(['-p', String(process.pid)]);
        await using scraped = await scraping(serving, scraper);
        for (let n = 0; n < 20; n++) Bun.spawnSync([workload('exit_with'), '--id=3']);
        const isAll = (value: number) => value >= 20;
        for (const query of [
          'sum(waggle_execs_total)',
          'sum(waggle_exits_total{outcome="failure"})',
          'sum(waggle_process_lifetime_seconds_count)',
          'sum(waggle_process_lifetime_seconds_bucket{le="+Inf"})',
        ])
          expect(await scraped.value(query, isAll)).toBeGreaterThanOrEqual(20);
        const isSome = (value: number) => value > 0;
        for (const query of ['waggle_self_cpu_seconds_total', 'waggle_self_resident_memory_bytes'])
          expect(await scraped.value(query, isSome)).toBeGreaterThan(0);
        // It was there each time that it was asked.
        expect(await scraped.value('min_over_time(up{job="waggle"}[1m])', isSome)).toBe(1);
      },
    );

  optionalKernelTest(
    'curl has a line of JSON for each event',
    curl === undefined ? 'no curl' : undefined,
    async () => {
      await using serving = await Serving.start(['-p', String(process.pid)]);
      const program = workload('exit_with');
      const address = serving.address('/api/events');
      const reading = Bun.spawn([curl ?? '', '-sN', '-m', '60', address], { stdout: 'pipe' });
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of reading.stdout) {
        // Headers and a first empty line are there: from now on nothing is missed.
        if (text === '') Bun.spawnSync([program, '3']);
        text += decoder.decode(chunk, { stream: true });
        if (/"event":"exit".*"comm":"exit_with"/.test(text)) break;
      }
      reading.kill();
      const whole = text.slice(0, text.lastIndexOf('\n')).split('\n').filter(Boolean);
      const events = whole.map((line) => JSON.parse(line));
      const own = events.filter(({ comm }) => comm === 'exit_with').map(({ event }) => event);
      expect(own).toEqual(['exec', 'exit']);
    },
  );
});

describe('serve --store', () => {
  kernelTest('has what an agent has kept, and more of it while the agent goes on', async () => {
    const store = join(freshFolder(), 'store');
    await using agent = new Waggle(['agent', '--store', store]);
    await agent.says(/^waggle: ready/m);
    await using burner = new TestProcess([workload('call_tree'), '600000']);
    Bun.spawnSync([workload('exit_with'), '--id=3', '--token=topsecret']);
    await Bun.sleep(2500);
    await using serving = await Serving.start(['--store', store]);
    const ended = await eventually('the process', async () =>
      (await processesOf(serving, '?limit=50000')).find(
        ({ comm, exitCode }) => comm === 'exit_with' && exitCode === 3,
      ),
    );
    expect(ended.argv?.join(' ')).toBe(`${workload('exit_with')} [redacted] [redacted]`);
    expect(ended.ppid).toBe(process.pid);
    // A span of samples later.
    const busy = await eventually(
      'samples of the burner',
      async () => {
        const answer = await serving.ask(`/api/processes?pid=${burner.pid}`);
        if (answer.status !== 200) return undefined;
        const { processes } = (await answer.json()) as { readonly processes: readonly Listed[] };
        return processes.find(({ pid, samples }) => pid === burner.pid && samples > 20);
      },
      30_000,
    );
    expect(busy.comm).toBe('call_tree');
    const answer = await serving.ask(`/api/profile?format=folded&pid=${burner.pid}`);
    const { stacks } = parseFolded(await answer.text());
    expect(stacks.some(({ frames }) => frames.some(({ name }) => name === 'sixty'))).toBe(true);
    const events = await (await serving.ask('/api/events?kind=exit&failed=true')).text();
    expect(events).toMatch(/"comm":"exit_with".*"exitCode":3/);
    const { code, stdout, stderr } = await serving.waggle.stop();
    expect([code, stdout.split('\n').length, stderr]).toEqual([0, 2, '']);
    expect((await agent.stop('SIGTERM')).code).toBe(0);
  });

  kernelTest('says in a line why there is nothing to show', async () => {
    const missing = join(freshFolder(), 'store');
    for (const [args, code, words] of [
      [[], 1, 'there is no store in'],
      [['-p', '1'], 2, '--store'],
      [['--keep', '5m'], 2, '--store'],
      [['--', 'true'], 2, '--store'],
    ] as const) {
      const listen = ['serve', '--listen', '127.0.0.1:0', '--store', missing];
      const result = await Waggle.run([...listen, ...args]);
      expect([args, result.code, result.stderr]).toEqual([
        args,
        code,
        expect.stringContaining(words),
      ]);
    }
  });
});
