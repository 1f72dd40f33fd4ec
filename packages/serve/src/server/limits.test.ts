// How much may be asked for at once and in a second: who asks for more is told when to come again, and others are
// answered meanwhile.

import { describe, expect, test } from 'bun:test';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type MadeServer, madeServer, TOKEN } from '../../test/made-host.ts';

interface Refused {
  readonly status: number;
  readonly type: string;
  readonly detail: string;
}

/** Of a refusal: when to come again, and why in words. */
async function refusalOf(answer: Response): Promise<Refused & { readonly after: string | null }> {
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const { status, type, detail } = (await answer.json()) as Refused;
  return { status, type, detail, after: answer.headers.get('retry-after') };
}

/** Asked by another program of this host. */
const named = (name: string): RequestInit => ({ headers: { 'user-agent': name } });

/** The status of a request from another address of this host, which fetch() cannot choose. */
function statusFrom(made: MadeServer, localAddress: string, path: string, headers = {}) {
  return new Promise<number>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: made.server.port, path, localAddress };
    const authorization = `Bearer ${TOKEN}`;
    const asked = request({ ...options, headers: { authorization, ...headers } }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Until it is so: places are given back when the server sees that a client has gone. */
async function soon(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await Bun.sleep(20);
}

describe('requests a second', () => {
  test('who asks for too many is told so, and nobody else is', async () => {
    await using made = madeServer();
    const noisy = { 'user-agent': 'noisy/1' };
    const answers: Response[] = [];
    // As fast as it can: however slow a host is, it is more than 100 a second.
    while (!answers.some(({ status }) => status === 429))
      answers.push(
        ...(await Promise.all(
          Array.from({ length: 200 }, () => made.ask('/api/activity', { headers: noisy })),
        )),
      );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(300);
    expect(await refusalOf(refused[0] as Response)).toEqual({
      status: 429,
      type: 'urn:waggle:problem:too-many-requests',
      detail: expect.stringContaining('100 requests a second'),
      after: '1',
    });
    // Another program here, another address, and a client of a proxy here.
    expect((await made.ask('/metrics', named('Prometheus/3'))).status).toBe(200);
    expect(await statusFrom(made, '127.0.0.2', '/api/activity', noisy)).toBe(200);
    const proxied = { ...noisy, 'x-forwarded-for': '10.0.0.1, 10.0.0.2' };
    expect((await made.ask('/api/activity', { headers: proxied })).status).toBe(200);
    // What costs nothing is always answered.
    expect((await made.ask('/api/status', { headers: noisy })).status).toBe(200);
  });
});

describe('streams', () => {
  test('one client does not have them all, and all together have no more than there are', async () => {
    await using made = madeServer();
    const stop = new AbortController();
    const open = (name: string) => made.ask('/api/events', { ...named(name), signal: stop.signal });
    const streams = await Promise.all(Array.from({ length: 48 }, () => open('one')));
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await refusalOf(await open('one'))).toEqual({
      status: 429,
      type: 'urn:waggle:problem:too-busy',
      detail: 'There are at most 48 streams at once for one client. Try again in a second.',
      after: '1',
    });
    const others = await Promise.all(Array.from({ length: 16 }, () => open('another')));
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await refusalOf(await open('third'))).toEqual({
      status: 503,
      type: 'urn:waggle:problem:too-busy',
      detail: 'There are at most 64 streams at once. Try again in a second.',
      after: '1',
    });
    // Whoever asks for what is there is answered all the same.
    expect((await made.ask('/api/events?format=json&from=-1s')).status).toBe(200);
    stop.abort();
    await soon(async () =>
      (await (await made.ask('/metrics')).text()).includes('waggle_self_streams 0'),
    );
    const after = await made.ask('/api/events', { signal: AbortSignal.timeout(60_000) });
    expect(after.status).toBe(200);
    await after.body?.cancel();
  });
});

describe('pages', () => {
  /** The first line of the answer to a page that wants a connection, which stays open. */
  function page(made: MadeServer, name: string) {
    const socket = connect(made.server.port, '127.0.0.1');
    const answer = new Promise<string>((resolve, reject) => {
      socket.once('data', (bytes) => resolve(bytes.toString('latin1')));
      socket.once('error', reject);
    });
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    socket.write(
      `GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:${made.server.port}\r\nAuthorization: Bearer ${TOKEN}\r\nUser-Agent: ${name}\r\n${upgrade}\r\n`,
    );
    return { socket, answer };
  }

  test('one client does not have them all, and all together have no more than there are', async () => {
    await using made = madeServer();
    const sockets: Socket[] = [];
    const open = async (name: string): Promise<string> => {
      const { socket, answer } = page(made, name);
      sockets.push(socket);
      return await answer;
    };
    const statusOf = (text: string) => Number(text.split(' ')[1]);
    for (let at = 0; at < 48; at++) expect(statusOf(await open('one'))).toBe(101);
    const refused = await open('one');
    expect(statusOf(refused)).toBe(429);
    expect(refused).toMatch(/^retry-after: 1\r$/im);
    expect(refused).toMatch(/^content-type: application\/problem\+json\r$/im);
    for (let at = 0; at < 16; at++) expect(statusOf(await open('another'))).toBe(101);
    expect(statusOf(await open('third'))).toBe(503);
    for (const socket of sockets) socket.destroy();
    await soon(async () =>
      (await (await made.ask('/metrics')).text()).includes('waggle_self_pages 0'),
    );
    const { socket, answer } = page(made, 'one');
    expect(statusOf(await answer)).toBe(101);
    socket.destroy();
  });
});
