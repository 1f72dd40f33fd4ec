// The exporter against a receiver that is busy, away, slow, wrong, or gone: nothing is lost within the spool, what is
// sent twice has one id.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { execEvent, exitEvent, forkEvent } from '@waggle/core/testing';
import type { Profile } from '@waggle/formats';
import { certificates } from '../test/certificates.ts';
import { GrpcReceiver, HttpReceiver } from '../test/receiver.ts';
import { OtlpExporter, type OtlpExporterOptions } from './exporter.ts';
import type { PlainMetric } from './records/metrics.ts';
import { OtlpTarget, type OtlpTargetOptions } from './send/target.ts';

const WITHIN_MS = 60_000;
setDefaultTimeout(90_000);

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what} did not come`);
    await Bun.sleep(5);
  }
}

function place() {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-otlp-'));
  const problems: string[] = [];
  const exporter = (
    target: OtlpTargetOptions,
    options: Partial<OtlpExporterOptions> = {},
  ): OtlpExporter =>
    new OtlpExporter({
      target: new OtlpTarget(target),
      spool: join(folder, 'spool'),
      resource: { 'host.name': 'here', 'service.name': 'waggle' },
      version: '0.0.0',
      onProblem: (message) => problems.push(message),
      batchMs: 10,
      firstDelayMs: 10,
      ...options,
    });
  return {
    ...{ folder, problems, exporter },
    file: (name: string, text: string) => {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    },
    spooled: () => readdirSync(join(folder, 'spool')).length,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

let pid = 1000;
/** Births, programs and ends of so many processes. */
function processes(count: number) {
  return Array.from({ length: count }, () => {
    const process = { pid: ++pid, argv: ['/bin/true', String(pid)] };
    return [forkEvent({ childPid: pid }), execEvent(process), exitEvent(process)];
  }).flat();
}

const idsOf = (events: ReturnType<typeof processes>) =>
  new Set(events.filter(({ event }) => event !== 'fork').map(({ eventId }) => eventId));

const profile: Profile = {
  stacks: [
    {
      frames: [
        { name: '42:99', kind: 'process' },
        { name: 'worker', kind: 'process' },
        { name: 'main', kind: 'native', object: '/bin/worker' },
      ],
      count: 3,
    },
  ],
  metadata: {
    ...{ startTime: new Date(), durationSeconds: 10, frequencyHz: 19, samples: 3, lostSamples: 0 },
    host: 'here',
  },
} as Profile;

const METRICS: readonly PlainMetric[] = [
  { name: 'x_total', kind: 'counter', help: 'X.', samples: [{ value: 7, labels: { a: 'b' } }] },
  { name: 'y_bytes', kind: 'gauge', help: 'Y.', samples: [{ value: 1.5 }] },
  {
    ...{ name: 'z_seconds', kind: 'histogram', help: 'Z.' },
    samples: [
      { suffix: '_bucket', labels: { le: '1' }, value: 2 },
      { suffix: '_bucket', labels: { le: '+Inf' }, value: 5 },
      { suffix: '_sum', value: 9.5 },
      { suffix: '_count', value: 5 },
    ],
  },
];

describe('by HTTP', () => {
  test('logs, metrics and a profile arrive as they were', async () => {
    using here = place();
    using receiver = new HttpReceiver();
    const headersFile = here.file('headers', '# ours\nAuthorization: Bearer s3cret\n');
    const exporter = here.exporter({ endpoint: receiver.url, headersFile });
    const events = processes(300);
    exporter.addEvents(events);
    exporter.addMetrics(METRICS);
    exporter.addProfile(profile);
    await exporter.close(WITHIN_MS);
    expect(receiver.eventIds).toEqual(idsOf(events));
    expect(receiver.resource).toEqual({ 'host.name': 'here', 'service.name': 'waggle' });
    expect(
      receiver.requests.every(({ headers }) => headers.authorization === 'Bearer s3cret'),
    ).toBe(true);
    const { metrics } = receiver.of('metrics')[0]?.message.resourceMetrics[0].scopeMetrics[0] ?? {};
    expect(metrics).toMatchObject([
      { name: 'x_total', sum: { isMonotonic: true, dataPoints: [{ asDouble: 7 }] } },
      { name: 'y_bytes', unit: 'By', gauge: { dataPoints: [{ asDouble: 1.5 }] } },
      {
        name: 'z_seconds',
        unit: 's',
        histogram: {
          dataPoints: [{ count: '5', sum: 9.5, bucketCounts: ['2', '3'], explicitBounds: [1] }],
        },
      },
    ]);
    const { dictionary } = receiver.of('profiles')[0]?.message ?? {};
    expect(dictionary?.stringTable).toContain('worker');
    // Our key is nobody's function.
    expect(dictionary?.stringTable).not.toContain('42:99');
    expect(exporter.counts('logs')).toEqual({
      sent: 600,
      waiting: 0,
      lost: 0,
      refused: 0,
      retries: 0,
    });
    expect([here.spooled(), here.problems]).toEqual([0, []]);
  });

  test('a busy receiver is asked again when it said, and nobody waits less', async () => {
    using here = place();
    const at: number[] = [];
    using receiver = new HttpReceiver({
      answer: (_signal, attempt) => {
        at.push(performance.now());
        if (attempt === 1)
          return new Response('', { status: 429, headers: { 'retry-after': '1' } });
        if (attempt === 2) return new Response('', { status: 503 });
        return undefined;
      },
    });
    const exporter = here.exporter({ endpoint: receiver.url });
    const events = processes(5);
    exporter.addEvents(events);
    await until('all of them', () => exporter.counts('logs').sent === 10);
    expect(receiver.eventIds).toEqual(idsOf(events));
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(999);
    expect(exporter.counts('logs')).toMatchObject({ sent: 10, retries: 2, lost: 0 });
    expect(here.problems).toMatchObject(
      [/logs cannot be sent: .* answered 429/, /are sent again/].map((pattern) =>
        expect.stringMatching(pattern),
      ),
    );
    await exporter.close();
  });

  test('a receiver that is away, then back: all ids, each once it was taken', async () => {
    using here = place();
    const gone = new HttpReceiver();
    const { url, port } = gone;
    gone[Symbol.dispose]();
    const exporter = here.exporter({ endpoint: url });
    const events = processes(50);
    for (const event of events) {
      exporter.addEvents([event]);
      if (event.event === 'exit' && event.pid % 10 === 0) exporter.flush();
    }
    await until('a few attempts', () => exporter.counts('logs').retries > 2);
    // Killed: nothing is closed. What it had spooled is sent by the next.
    exporter.flush();
    expect(here.spooled()).toBeGreaterThan(3);
    using receiver = new HttpReceiver({ port });
    const again = here.exporter({ endpoint: url });
    await until('all of them', () => receiver.eventIds.size === 100);
    expect(receiver.eventIds).toEqual(idsOf(events));
    await Promise.all([again.close(), exporter.close()]);
    expect(here.spooled()).toBe(0);
  });

  test('a body that never ends is given up, and the answer of a receiver that lost it is tried again', async () => {
    using here = place();
    using receiver = new HttpReceiver({
      answer: (_signal, attempt) =>
        attempt > 1
          ? undefined
          : new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
              status: 503,
            }),
    });
    const exporter = here.exporter({ endpoint: receiver.url });
    exporter.addEvents(processes(3));
    // attemptOtlp's ten seconds.
    await until('the second attempt', () => receiver.eventIds.size === 6);
    await exporter.close();
  });

  test('a receiver that never answers is left after the grace, and what it did not take is sent by the next', async () => {
    using here = place();
    using silent = Bun.serve({ port: 0, fetch: () => new Promise<Response>(() => {}) });
    const exporter = here.exporter({ endpoint: silent.url.href });
    const events = processes(20);
    exporter.addEvents(events);
    exporter.addProfile(profile);
    exporter.flush();
    await until('a request', () => silent.pendingRequests > 0);
    const startedAt = performance.now();
    await exporter.close(200);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(here.spooled()).toBeGreaterThan(1);
    silent.stop(true);
    using receiver = new HttpReceiver();
    const again = here.exporter({ endpoint: receiver.url });
    await again.close(WITHIN_MS);
    expect(receiver.eventIds).toEqual(idsOf(events));
    expect(here.spooled()).toBe(0);
  });

  test('what is refused is counted and holds up nothing; wrong secrets only wait', async () => {
    using here = place();
    const headersFile = here.file('headers', 'x-key: wrong');
    let isKnown = false;
    using receiver = new HttpReceiver({
      answer: (signal) =>
        signal === 'profiles'
          ? new Response('no', { status: 404 })
          : isKnown
            ? undefined
            : new Response('who are you', { status: 401 }),
    });
    const exporter = here.exporter({ endpoint: receiver.url, headersFile });
    const events = processes(4);
    exporter.addEvents(events);
    exporter.addProfile(profile);
    await until(
      'the refusals',
      () => exporter.counts('profiles').refused === 1 && exporter.counts('logs').retries > 0,
    );
    expect(exporter.counts('logs')).toMatchObject({ sent: 0, refused: 0, lost: 0 });
    expect(here.problems.join('\n')).toContain('leave them out of the signals');
    isKnown = true;
    exporter.setTarget(
      new OtlpTarget({ endpoint: receiver.url, headersFile: here.file('headers', 'x-key: right') }),
    );
    await until('the logs', () => receiver.eventIds.size === 8);
    expect(receiver.of('logs').at(-1)?.headers['x-key']).toBe('right');
    await exporter.close();
  });

  test('a full spool counts what goes, and says so among the logs', async () => {
    using here = place();
    using receiver = new HttpReceiver({
      answer: () => (isBack ? undefined : new Response('', { status: 503 })),
    });
    let isBack = false;
    const exporter = here.exporter(
      { endpoint: receiver.url },
      { maxSpoolBytes: 20_000, batchMs: 1e6, firstDelayMs: 200 },
    );
    const given = 40 * 20;
    for (let batch = 0; batch < 40; batch++) {
      exporter.addEvents(processes(10));
      exporter.flush();
    }
    const { lost } = exporter.counts('logs');
    expect(lost).toBeGreaterThan(0);
    expect(exporter.spoolBytes).toBeLessThanOrEqual(20_000);
    isBack = true;
    await until('the rest', () => exporter.counts('logs').waiting === 0);
    // Records of losses are records too, and some of those may have been lost in turn.
    const told = receiver.records.filter(({ eventName }) => eventName === 'waggle.lost');
    expect(told.length).toBeGreaterThan(0);
    expect(receiver.eventIds.size).toBeLessThan(given);
    expect(receiver.eventIds.size + exporter.counts('logs').lost).toBeGreaterThanOrEqual(given);
    await exporter.close();
  });

  test('with TLS both sides know each other; a receiver of another CA gets nothing', async () => {
    using here = place();
    using certs = certificates();
    const { ca, server, client } = certs;
    using receiver = new HttpReceiver({
      tls: { key: server.keyText, cert: server.certText, ca: ca.certText, requestCert: true },
    });
    const endpoint = receiver.url.replace('http:', 'https:').replace('127.0.0.1', 'localhost');
    const mutual = { endpoint, ca: ca.cert, cert: client.cert, key: client.key };
    const exporter = here.exporter(mutual);
    const events = processes(3);
    exporter.addEvents(events);
    await until('the logs', () => receiver.eventIds.size === 6);
    await exporter.close();
    // Without a certificate of ours, and with one CA too few.
    for (const target of [{ endpoint, ca: ca.cert }, { endpoint }]) {
      const other = here.exporter(target);
      other.addEvents(processes(1));
      await until('the refusal', () => other.counts('logs').retries > 0);
      await other.close();
    }
    expect(receiver.eventIds.size).toBe(6);
  });
});

describe('by gRPC', () => {
  test('the same, again where the receiver is not there yet', async () => {
    using here = place();
    using receiver = await GrpcReceiver.open((_signal, attempt) =>
      attempt === 1 ? { code: 14, details: 'not yet' } : undefined,
    );
    const headersFile = here.file('headers', 'authorization: Bearer s3cret');
    const exporter = here.exporter({
      ...{ endpoint: `http://127.0.0.1:${receiver.port}`, protocol: 'grpc', headersFile },
    });
    const events = processes(100);
    exporter.addEvents(events);
    exporter.addMetrics(METRICS);
    await until(
      'all of them',
      () => receiver.eventIds.size === 200 && receiver.of('metrics').length === 1,
    );
    expect(receiver.eventIds).toEqual(idsOf(events));
    expect(receiver.of('logs')[0]?.headers.authorization).toBe('Bearer s3cret');
    await exporter.close();
    expect(exporter.counts('logs').retries + exporter.counts('metrics').retries).toBe(1);
  });

  test('a receiver without profiles says so, one that does not know us is asked again', async () => {
    using here = place();
    using receiver = await GrpcReceiver.open((signal) =>
      signal === 'profiles' ? { code: 12, details: 'no' } : { code: 16, details: 'who' },
    );
    const exporter = here.exporter({
      endpoint: `http://127.0.0.1:${receiver.port}`,
      protocol: 'grpc',
    });
    exporter.addEvents(processes(1));
    exporter.addProfile(profile);
    await until(
      'both',
      () => exporter.counts('profiles').refused === 1 && exporter.counts('logs').retries > 0,
    );
    expect(exporter.counts('logs')).toMatchObject({ refused: 0, waiting: 2 });
    await exporter.close();
  });
});

test('secrets are in no error, no inspection and no message', () => {
  using here = place();
  const headersFile = here.file('headers', 'authorization: Bearer s3cret');
  const target = new OtlpTarget({ endpoint: 'http://127.0.0.1:1/', headersFile });
  expect(inspect(target, { depth: 9, showHidden: true }) + JSON.stringify(target)).not.toContain(
    's3cret',
  );
  const of = (options: OtlpTargetOptions) => {
    try {
      new OtlpTarget(options);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const url = 'http://127.0.0.1:4318';
  expect(of({ endpoint: 'ftp://me:s3cret@x' })).toMatch(/^"ftp:\/\/…@x" is no address/);
  expect(of({ endpoint: 'https://me:s3cret@x' })).toMatch(/cannot hold a user name/);
  expect(of({ endpoint: url, headersFile: here.file('bad', 'a: b\ns3cret value') })).toMatch(
    /^line 2 of the headers file/,
  );
  expect(of({ endpoint: url, headersFile: here.file('own', 'Content-Type: x') })).toMatch(
    /sets content-type/,
  );
  const open = here.file('open', 'a: s3cret');
  chmodSync(open, 0o644);
  expect(of({ endpoint: url, headersFile: open })).toMatch(/chmod 600/);
  expect(of({ endpoint: url, headersFile: '/nonexistent' })).toMatch(/cannot be read/);
  expect(of({ endpoint: url, ca: headersFile })).toMatch(/without TLS/);
  expect(of({ endpoint: 'https://x', ca: headersFile })).toMatch(/holds no certificate/);
  expect(of({ endpoint: 'https://x', cert: headersFile })).toMatch(/needs its key/);
});
