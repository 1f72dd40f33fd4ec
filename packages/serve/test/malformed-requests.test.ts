// Ten thousand requests that are malformed, too large, cut off, slow or refused, many at once: the server answers or
// closes, keeps its memory, and serves others meanwhile.

import { expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { life, madeServer, TOKEN } from './made-host.ts';

const ROUNDS = 10_000;
const AT_ONCE = 50;
/** Of those that never end their request. */
const SLOW = 300;

const HOST = 'Host: 127.0.0.1:PORT\r\n';
const AUTH = `Authorization: Bearer ${TOKEN}\r\n`;

/** PORT is the server's; `end` closes our side at once. */
const REQUESTS: readonly string[] = [
  '\r\n\r\n',
  'GET\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  `GET /api/status HTTP/1.1\r\n${AUTH}\r\n`,
  `GET /api/status HTTP/1.1\r\nHost: evil\r\n${AUTH}\r\n`,
  `GET /api/status HTTP/1.1\r\n${HOST}Host: evil\r\n${AUTH}\r\n`,
  `GET http://evil.example/api/status HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
  `GET //evil.example/api/status HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
  `GET /api/../../etc/passwd HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
  `GET /api/%2e%2e/%00 HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
  `GET /api/%ff%fe?%=%&=&&pid=%zz HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
  `GET /api/profile?from=${'9'.repeat(3000)} HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
  `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
  `GET / HTTP/1.1\r\n${HOST}X-Long: ${'b'.repeat(100_000)}\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}${Array.from({ length: 500 }, (_, at) => `X-${at}: 1\r\n`).join('')}\r\n`,
  `POST /api/login HTTP/1.1\r\n${HOST}${AUTH}Content-Length: 100000000\r\n\r\n${'c'.repeat(50_000)}`,
  `POST /api/login HTTP/1.1\r\n${HOST}${AUTH}Content-Length: -5\r\n\r\n`,
  `POST /api/login HTTP/1.1\r\n${HOST}${AUTH}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\nx`,
  `POST /api/login HTTP/1.1\r\n${HOST}${AUTH}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  `GET /api/live HTTP/1.1\r\n${HOST}${AUTH}Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 99\r\n\r\n`,
  `GET /api/live HTTP/1.1\r\n${HOST}${AUTH}Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff`,
  `GET /api/events HTTP/1.1\r\n${HOST}${AUTH}Last-Event-ID: ${'9'.repeat(14)}\r\n\r\n`,
  `GET /api/status?token=${'d'.repeat(2000)} HTTP/1.1\r\n${HOST}\r\n`,
  `GET /api/status HTTP/1.1\r\n${HOST}Cookie: ${'waggle-1=x; '.repeat(300)}\r\n\r\n`,
  `GET /api/status HTTP/1.1\r\n${HOST}Origin: http://evil.example\r\n${AUTH}\r\n`,
  'SSH-2.0-OpenSSH_9.9\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  '\x00'.repeat(1000),
];

function send(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    };
    const timer = setTimeout(end, 200);
    socket.on('error', end);
    socket.on('close', end);
    // The answer, whatever it is.
    socket.on('data', end);
    socket.write(Buffer.from(text.replaceAll('PORT', String(port)), 'latin1'));
  });
}

async function settledMemory(): Promise<number> {
  await Bun.sleep(300);
  Bun.gc(true);
  await Bun.sleep(100);
  Bun.gc(true);
  return process.memoryUsage.rss();
}

test('ten thousand bad requests cost nobody anything', async () => {
  await using made = madeServer();
  const { port } = made.server;
  made.server.addEvents(life({ pid: 5, bornAt: Date.now() }));
  const slow: Socket[] = Array.from({ length: SLOW }, (_, at) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`GET /api/status HTTP/1.1\r\nX-${at}: `);
    return socket;
  });
  const round = async (count: number): Promise<void> => {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < count) await send(port, REQUESTS[next++ % REQUESTS.length] ?? '');
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  };
  // What grows once (buffers, compiled code) has grown.
  await round(2000);
  const before = await settledMemory();
  const status = setInterval(() => {
    void made.ask('/health').then((answer) => statuses.push(answer.status));
  }, 100);
  const statuses: number[] = [];
  await round(ROUNDS);
  clearInterval(status);
  const after = await settledMemory();
  expect(statuses.length).toBeGreaterThan(3);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect((after - before) / 1e6).toBeLessThan(40);
  expect(made.failures).toEqual([]);
  // Those that never ended their request are gone by now, or soon.
  const open = () => slow.filter(({ readyState }) => readyState === 'open').length;
  const until = performance.now() + 30_000;
  while (open() > 0 && performance.now() < until) await Bun.sleep(200);
  expect(open()).toBe(0);
  const metrics = await (await made.ask('/metrics')).text();
  expect(metrics).toContain('waggle_self_pages 0');
  expect(metrics).toContain('waggle_self_streams 0');
  for (const socket of slow) socket.destroy();
}, 180_000);
