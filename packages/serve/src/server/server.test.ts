import { describe, expect, test } from 'bun:test';
import { REDACTED } from '@waggle/core/plugins/redaction';
import { formats, parseFolded, parsePprof } from '@waggle/formats';
import { busyServer, madeProfile, madeServer, TOKEN } from '../../test/made-host.ts';

// What the description of the API is held against by another test.
interface Answers {
  readonly processes: readonly { readonly pid: number; readonly samples: number }[];
  readonly columns: readonly string[];
  readonly seconds: readonly (readonly number[])[];
  readonly type: string;
  readonly detail: string;
}
const jsonOf = async (answer: Response | Promise<Response>): Promise<Answers> =>
  (await (await answer).json()) as Answers;

describe('what is answered', () => {
  test('profiles in every format, read back as what was sampled', async () => {
    await using made = await busyServer();
    const folded = parseFolded(
      await (await made.ask('/api/profile?from=-10s&format=folded')).text(),
    );
    expect(folded.stacks.reduce((sum, { count }) => sum + count, 0)).toBe(10);
    const bytes = await (await made.ask('/api/profile')).bytes();
    expect(
      parsePprof(bytes).stacks.map(({ frames, count }) => [
        frames.map(({ name }) => name).join(),
        count,
      ]),
    ).toContainEqual(['parent,main,busy', 6]);
    for (const { name, extensions, mediaType } of formats) {
      const answer = await made.ask(`/api/profile?format=${(extensions[0] ?? '').slice(1)}`);
      expect([name, answer.status, answer.headers.get('content-type')]).toEqual([
        name,
        200,
        mediaType,
      ]);
      expect((await answer.bytes()).length).toBeGreaterThan(0);
    }
    const page = await made.ask('/api/profile?format=html');
    expect(page.headers.get('content-security-policy')).toStartWith('sandbox allow-scripts');
  });

  test('of one process with all below it, and of nobody else', async () => {
    await using made = await busyServer();
    const folded = await (await made.ask('/api/profile?format=folded&pid=10')).text();
    expect(folded.trim().split('\n').sort()).toEqual(['child;main;busy 3', 'parent;main;busy 6']);
    const { processes } = await jsonOf(
      made.ask(`/api/processes?pid=10&start=${made.parent.startTime}`),
    );
    expect(processes.map(({ pid, samples }) => [pid, samples])).toEqual([
      [10, 6],
      [11, 3],
    ]);
    const events = await (await made.ask('/api/events?format=jsonl&from=-1m&pid=10')).text();
    // The fork of pid 10 is its parent's, the fork of 11 is its own.
    expect(
      events
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map(({ event, pid }) => `${event} ${pid}`),
    ).toEqual(['exec 10', 'fork 10', 'exec 11', 'exit 11']);
    expect((await made.ask('/api/timeline?pid=10')).status).toBe(200);
    const activity = await jsonOf(made.ask('/api/activity?pid=10'));
    const at = activity.columns.indexOf('execs');
    expect(activity.seconds.reduce((sum, each) => sum + (each[at] ?? 0), 0)).toBe(2);
  });

  test('the seconds to come, as pprof asks for them', async () => {
    await using made = await busyServer();
    const before = performance.now();
    const asked = made.ask('/debug/pprof/profile?seconds=0.5');
    await Bun.sleep(200);
    made.profile = madeProfile([['10:1', 'later;main', 4]]);
    const profile = parsePprof(await (await asked).bytes());
    expect(performance.now() - before).toBeGreaterThan(490);
    expect(profile.stacks.every(({ frames }) => frames[0]?.name === 'later')).toBe(true);
    expect(profile.stacks.length).toBe(1);
  });

  test('the difference of two spans', async () => {
    await using made = await busyServer();
    const answer = await made.ask('/api/diff?format=folded&from=-10s&baseFrom=-10s');
    expect(await answer.text()).toContain('parent;main;busy 6 6');
  });

  test('arguments are hidden unless the server was started to show them', async () => {
    for (const reveal of [false, true]) {
      await using made = await busyServer({ reveal });
      const texts = await Promise.all(
        ['/api/events?format=json&from=-1m', '/api/processes', '/api/timeline'].map(async (path) =>
          (await made.ask(path)).text(),
        ),
      );
      const [events = '', processes = ''] = texts;
      for (const text of [events, processes]) {
        expect(text.includes('secret')).toBe(reveal);
        expect(text.includes(REDACTED)).toBe(!reveal);
        expect(text).toContain('/bin/parent');
      }
    }
  });

  test('metrics add up', async () => {
    await using made = await busyServer();
    const text = await (await made.ask('/metrics')).text();
    for (const line of [
      'waggle_execs_total 3',
      'waggle_forks_total 3',
      'waggle_exits_total{outcome="success"} 1',
      'waggle_exits_total{outcome="failure"} 1',
      'waggle_failed_execs_total{error="ENOENT"} 1',
      'waggle_process_lifetime_seconds_bucket{le="0.005"} 2',
      'waggle_process_lifetime_seconds_count 2',
      'waggle_cpu_seconds_total{container=""} 0.1',
      'waggle_samples_total 10',
    ])
      expect(text.split('\n')).toContain(line);
  });

  test('what has not changed is not sent again, and what is long is sent short', async () => {
    await using made = await busyServer();
    const path = `/api/processes?from=${made.now}&to=${made.now + 10}`;
    const first = await made.ask(path);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^".+"$/);
    expect((await made.ask(path, { headers: { 'if-none-match': `W/${tag}` } })).status).toBe(304);
    const packed = await fetch(`${made.origin}/page.js`, {
      headers: { 'accept-encoding': 'gzip' },
      decompress: false,
    });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    const plain = await fetch(`${made.origin}/page.js`, {
      headers: { 'accept-encoding': 'gzip;q=0' },
      decompress: false,
    });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const unpacked = Bun.gunzipSync(new Uint8Array(await packed.bytes()));
    expect(Buffer.from(unpacked).equals(await plain.bytes())).toBe(true);
  });
});

describe('mistakes', () => {
  test('are problems that say what and why', async () => {
    await using made = await busyServer();
    for (const [path, status, code] of [
      ['/api/profile?format=exe', 400, 'unknown-format'],
      ['/api/profile?from=yesterday', 400, 'bad-span'],
      ['/api/profile?from=-1s&to=-2s', 400, 'bad-span'],
      ['/api/profile?from=-10s&seconds=3', 400, 'bad-span'],
      ['/api/profile?seconds=1e9', 400, 'bad-seconds'],
      ['/debug/pprof/profile?seconds=100000', 400, 'bad-seconds'],
      ['/api/processes?to=2001-01-01T00:00:00Z', 404, 'span-not-kept'],
      ['/api/processes?from=2101-01-01T00:00:00Z&to=2102-01-01T00:00:00Z', 404, 'span-not-kept'],
      ['/api/processes?pid=4000000', 404, 'no-such-process'],
      ['/api/processes?pid=x', 400, 'bad-pid'],
      ['/api/processes?start=5', 400, 'bad-pid'],
      ['/api/processes?limit=0', 400, 'bad-limit'],
      ['/api/processes?sort=cpu', 400, 'unknown-parameter'],
      ['/api/processes?pid=10&pid=11', 400, 'twice'],
      ['/api/events?kind=bang', 400, 'unknown-kind'],
      ['/api/events?after=-1', 400, 'bad-after'],
      ['/api/timeline?theme=pink', 400, 'bad-theme'],
      ['/api/timeline?format=svg', 400, 'unknown-format'],
      ['/api/live', 426, 'no-upgrade'],
    ] as const) {
      const answer = await made.ask(path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      const problem = await jsonOf(answer);
      expect(problem).toMatchObject({ status, type: `urn:waggle:problem:${code}` });
      expect(problem.detail.length).toBeGreaterThan(20);
    }
    expect(made.failures).toEqual([]);
    // And nothing was lost for others.
    expect((await made.ask('/api/status')).status).toBe(200);
  });

  test('a port in use says so by its code', async () => {
    await using made = madeServer();
    expect(() => madeServer({ port: made.server.port })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    );
    expect(() => madeServer({ hostname: '192.0.2.1' })).toThrow(
      expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
    );
  });
});

test('no answer and no message repeats the token', async () => {
  await using made = await busyServer();
  for (const path of [
    '/api/nothing',
    '/api/profile?format=x',
    '/metrics',
    '/api/status',
    '/openapi.json',
  ]) {
    const answer = await made.ask(`${path}${path.includes('?') ? '&' : '?'}token=${TOKEN}`);
    expect(await answer.text()).not.toContain(TOKEN);
  }
});
