// `waggle serve` as root, asked by somebody without its token: connections that are never finished, requests that are
// none, readers that do not read. It answers others meanwhile, and ends when it is told to. What single requests do,
// ten thousand of them: packages/serve/test/malformed-requests.test.ts.

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { MEBIBYTE } from '../support/burners.ts';
import { eventually } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { run } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'servers';
const CONNECTIONS = 500;
const MAX_RSS = 500 * MEBIBYTE;

/** What each says before it stops. */
const BEGINNINGS = [
  '',
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ',
  `GET /${'a'.repeat(60_000)}`,
  'POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n{',
  'GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(500),
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
];

const rssOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/** Requests whose host or path is none. */
const MALFORMED = [
  ...['a b', '[', 'x:99999', '\x80', 'a/b@c', '', '127.0.0.1@evil'].map(
    (host) => `GET /metrics HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  ),
  'GET http://[/metrics HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /metrics HTTP/1.0\r\n\r\n',
  'GET //[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
];

/** What is answered until the server has no more to say for a moment. */
async function answerTo(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket
    .on('error', () => {})
    .on('data', (bytes) => {
      answer += bytes;
    });
  socket.write(request, 'latin1');
  try {
    await eventually('an answer', () => answer.includes('\r\n\r\n') || socket.destroyed, 20_000);
    return answer;
  } finally {
    socket.destroy();
  }
}

/** A connection that says this, and never reads an answer. */
function readsNothing(url: URL, says: string): Socket {
  const socket = connect(Number(url.port), url.hostname);
  socket.on('error', () => {});
  socket.pause();
  socket.write(says);
  return socket;
}

async function started(): Promise<{ readonly waggle: Waggle; readonly url: URL }> {
  const waggle = new Waggle(['serve', '--listen', '127.0.0.1:0']);
  const url = await eventually('the URL', () => /^http:\S+$/m.exec(waggle.stdout)?.[0]);
  return { waggle, url: new URL(url) };
}

faultRow(
  {
    area,
    what: `${CONNECTIONS} connections of somebody without the token, that say nothing, a beginning, or on and on, and read nothing`,
    holds: 'who has the token is answered, memory is bounded, and SIGTERM ends it in time',
    times: [1, 5],
  },
  async () => {
    const { waggle, url } = await started();
    await using _ended = waggle;
    const sockets: Socket[] = [];
    try {
      for (let index = 0; index < CONNECTIONS; index++)
        sockets.push(readsNothing(url, BEGINNINGS[index % BEGINNINGS.length] ?? ''));
      await run(workload('storm'), '1000', '0', workload('exit_with'));
      const token = url.hash.slice('#token='.length);
      for (let round = 0; round < 5; round++) {
        const answer = await fetch(`${url.origin}/api/status`, {
          headers: { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(30_000),
        });
        expect(answer.status).toBe(200);
        const refused = await fetch(`${url.origin}/api/processes`, {
          signal: AbortSignal.timeout(30_000),
        });
        expect(refused.status).toBe(401);
      }
      expect(rssOf(waggle.pid)).toBeLessThan(MAX_RSS);
      const startedAt = performance.now();
      const { code, stderr } = await waggle.stop('SIGTERM');
      expect((performance.now() - startedAt) / 1000).toBeLessThan(30);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.not.stringMatching(/internal error/),
      });
      expect(stderr + waggle.stdout.replace(url.href, '')).not.toContain(token);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  },
);

faultRow(
  {
    area,
    what: 'readers with the token that stop reading live events, beside a storm of 20,000 programs',
    holds: 'what they did not take is bounded, others have theirs, and SIGTERM ends it in time',
    times: [1, 3],
  },
  async () => {
    const { waggle, url } = await started();
    await using _ended = waggle;
    const token = url.hash.slice('#token='.length);
    const sockets: Socket[] = [];
    try {
      const request = `GET /api/events HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
      for (let index = 0; index < 10; index++) sockets.push(readsNothing(url, request));
      const before = rssOf(waggle.pid);
      await run(workload('storm'), '20000', '0', workload('exit_with'));
      expect(rssOf(waggle.pid) - before).toBeLessThan(MAX_RSS);
      const answer = await fetch(`${url.origin}/api/status`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(30_000),
      });
      expect(answer.status).toBe(200);
      expect((await waggle.stop('SIGTERM')).code).toBe(0);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  },
);

faultRow(
  {
    area,
    what: `an agent’s metrics, asked by ${CONNECTIONS} connections that say nothing, a beginning, or on and on, and in requests that are none`,
    holds:
      'nothing of its source or its host is in an answer or said, Prometheus is answered, memory is bounded, and SIGTERM ends it in time',
    times: [1, 5],
  },
  async () => {
    const store = join(freshFolder(), 'store');
    await using agent = new Waggle(['agent', '--store', store, '--metrics', '127.0.0.1:0']);
    await agent.says(/^waggle: ready/m);
    const url = new URL(/metrics at (\S+)/.exec(agent.stderr)?.[1] ?? '');
    const sockets: Socket[] = [];
    try {
      for (let index = 0; index < CONNECTIONS; index++)
        sockets.push(readsNothing(url, BEGINNINGS[index % BEGINNINGS.length] ?? ''));
      for (const request of MALFORMED) {
        const answer = await answerTo(Number(url.port), request);
        expect({ request, answer }).toEqual({
          request,
          answer: expect.stringMatching(/^(HTTP\/1\.1 4\d\d|$)/),
        });
        expect(answer.length).toBeLessThan(500);
      }
      const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('waggle_');
      expect(rssOf(agent.pid)).toBeLessThan(MAX_RSS);
      const startedAt = performance.now();
      const { code, stderr } = await agent.stop('SIGTERM');
      expect((performance.now() - startedAt) / 1000).toBeLessThan(30);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.not.stringMatching(/internal error|Error:|^ {4}at /m),
      });
      expect(stderr.split('\n').length).toBeLessThan(10);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  },
);

/** Receivers of OTLP that take no pains. */
const RECEIVERS: Readonly<Record<string, () => Response | Promise<Response>>> = {
  'never answers': () => new Promise(() => {}),
  'answers without an end': () =>
    new Response(
      new ReadableStream({
        pull: (controller) => void controller.enqueue(new Uint8Array(1 << 20).fill(0x61)),
      }),
      { headers: { 'content-type': 'application/x-protobuf' } },
    ),
  'asks to come again in a hundred years': () =>
    new Response('\u001b[2Jlater', { status: 503, headers: { 'retry-after': '3153600000' } }),
  'refuses in ten megabytes of escapes': () =>
    new Response('\u001b[2J\u009b31m'.repeat(1_000_000), { status: 400 }),
  'leads to another address': () => Response.redirect('http://127.0.0.1:9/', 307),
};

for (const [what, answer] of Object.entries(RECEIVERS))
  faultRow(
    {
      area,
      what: `an agent’s page and metrics, asked by ${CONNECTIONS} connections, while its receiver of OTLP ${what}`,
      holds:
        'who has the token is answered, memory and what waits are bounded, nothing hostile is said, and SIGTERM ends it in time',
      times: [what === 'never answers' ? 1 : 0, 2],
    },
    async () => {
      const folder = freshFolder();
      const [tokenFile, spool] = [join(folder, 'token'), join(folder, 'spool')];
      await using receiver = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer });
      await using agent = new Waggle([
        ...['agent', '--store', join(folder, 'store'), '--token-file', tokenFile],
        ...['--serve', '127.0.0.1:0', '--metrics', '127.0.0.1:0'],
        ...['--otlp', receiver.url.href, '--otlp-spool', spool, '--otlp-spool-size', '8M'],
      ]);
      await agent.says(/^waggle: ready/m);
      const [, metrics = ''] = /metrics at (\S+metrics)/.exec(agent.stderr) ?? [];
      const [, page = ''] = /the page at (http:\S+\/)/.exec(agent.stderr) ?? [];
      const token = readFileSync(tokenFile, 'utf8').trim();
      const headers = { authorization: `Bearer ${token}` };
      const sockets: Socket[] = [];
      try {
        for (let index = 0; index < CONNECTIONS; index++) {
          const url = new URL(index % 2 === 0 ? page : metrics);
          sockets.push(readsNothing(url, BEGINNINGS[index % BEGINNINGS.length] ?? ''));
        }
        const live = `GET /api/events HTTP/1.1\r\nHost: ${new URL(page).host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
        for (let index = 0; index < 5; index++) sockets.push(readsNothing(new URL(page), live));
        await run(workload('storm'), '5000', '0', workload('exit_with'));
        for (const url of [
          new URL('/api/status', page),
          new URL('/api/processes', page),
          metrics,
        ]) {
          const asked = { headers, signal: AbortSignal.timeout(30_000) };
          const response = await fetch(url, asked);
          expect({ url: String(url), status: response.status }).toEqual({
            url: String(url),
            status: 200,
          });
          await response.arrayBuffer();
        }
        expect(rssOf(agent.pid)).toBeLessThan(MAX_RSS);
        expect(Number((await run('du', '-sk', spool)).split('\t')[0])).toBeLessThan(10 * 1024);
        const startedAt = performance.now();
        const { code, stderr } = await agent.stop('SIGTERM');
        expect((performance.now() - startedAt) / 1000).toBeLessThan(30);
        expect({ code, stderr }).toEqual({
          code: 0,
          stderr: expect.not.stringMatching(/internal error|Error:|^ {4}at /m),
        });
        for (const text of [token, '\u001b', '\u009b']) expect(stderr).not.toContain(text);
        expect(stderr.length).toBeLessThan(4000);
      } finally {
        for (const socket of sockets) socket.destroy();
        void receiver.stop(true);
      }
    },
  );
