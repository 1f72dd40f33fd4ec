import { describe, expect, test } from 'bun:test';
import { request } from 'node:http';
import { madeServer, TOKEN } from '../../test/made-host.ts';
import { Access } from './access.ts';

/** fetch() sets Host and Origin itself. */
function rawStatus(port: number, path: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }>(
    (resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers }),
        );
      });
      asked.on('error', reject);
      asked.end();
    },
  );
}

const bearer = { authorization: `Bearer ${TOKEN}` };

describe('who may ask', () => {
  test('everything but health and the empty page needs the token', async () => {
    await using made = madeServer();
    const { port } = made.server;
    const status = async (path: string, headers = {}) =>
      (await rawStatus(port, path, headers)).status;
    for (const path of ['/health', '/', '/page.js', '/page.css'])
      expect(await status(path)).toBe(200);
    for (const path of [
      '/metrics',
      '/openapi.json',
      '/debug/pprof/profile?seconds=1',
      '/api/profile',
      '/api/diff',
      '/api/flame',
      '/api/timeline',
      '/api/events',
      '/api/processes',
      '/api/activity',
      '/api/status',
      '/api/live',
      // Who has no token is not told what there is.
      '/nothing',
    ])
      expect([path, await status(path)]).toEqual([path, 401]);
    expect(await status('/api/status', bearer)).toBe(200);
    expect(await status(`/api/status?token=${TOKEN}`)).toBe(200);
    expect(await status('/nothing', bearer)).toBe(404);
  });

  test('a token that is wrong, cut, empty or of another scheme is none, and is never said again', async () => {
    await using made = madeServer();
    const { port } = made.server;
    for (const headers of [
      { authorization: 'Bearer wrong' },
      { authorization: `Bearer ${TOKEN.slice(0, -1)}` },
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: 'Bearer' },
      { authorization: `Basic ${TOKEN}` },
      { cookie: `waggle-${port}=${TOKEN}` },
      { cookie: `waggle-${port}=` },
    ]) {
      const { status, body, headers: answered } = await rawStatus(port, '/api/status', headers);
      expect([headers, status]).toEqual([headers, 401]);
      expect(answered['www-authenticate']).toContain('Bearer');
      expect(body).not.toContain(TOKEN);
    }
    expect((await rawStatus(port, '/api/status?token=', {})).status).toBe(401);
    // A right one elsewhere does not make up for a wrong one.
    const mixed = await rawStatus(port, `/api/status?token=${TOKEN}`, {
      authorization: 'Bearer no',
    });
    expect(mixed.status).toBe(401);
  });

  test('the page gets a cookie for its token, which is not the token', async () => {
    await using made = madeServer();
    const { port } = made.server;
    const login = await rawStatus(port, '/api/login', bearer, 'POST');
    expect(login.status).toBe(204);
    const cookie = String(login.headers['set-cookie']);
    expect(cookie).toMatch(/^waggle-\d+=\S+; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(cookie).not.toContain(TOKEN);
    const pair = cookie.split(';')[0] ?? '';
    expect((await rawStatus(port, '/api/status', { cookie: `other=1; ${pair}` })).status).toBe(200);
    expect((await rawStatus(port, '/api/login', {}, 'POST')).status).toBe(401);
    expect((await rawStatus(port, `/api/login?token=${TOKEN}`, {}, 'POST')).status).toBe(401);
  });

  test('a Host that is not ours is refused, with the token too: a name can be made to resolve to us', async () => {
    await using made = madeServer();
    const { port } = made.server;
    const status = async (host: string) =>
      (await rawStatus(port, '/api/status', { ...bearer, host })).status;
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `LOCALHOST:${port}`,
      `[::1]:${port}`,
    ])
      expect([host, await status(host)]).toEqual([host, 200]);
    for (const host of [
      `evil.example:${port}`,
      'evil.example',
      '127.0.0.1',
      `127.0.0.1:${port + 1}`,
      `127.0.0.1.evil.example:${port}`,
      `localhost.:${port}`,
      `10.0.0.1:${port}`,
      `a@127.0.0.1:${port}`,
    ])
      expect([host, await status(host)]).toEqual([host, 421]);
    expect((await rawStatus(port, '/health', { host: 'evil.example' })).status).toBe(421);
  });

  test('an Origin that is not ours is refused, and so is what a browser says another site asks', async () => {
    await using made = madeServer();
    const { port } = made.server;
    const status = async (headers: Record<string, string>) =>
      (await rawStatus(port, '/api/status', { ...bearer, ...headers })).status;
    expect(await status({ origin: `http://127.0.0.1:${port}` })).toBe(200);
    for (const origin of [
      'http://evil.example',
      'null',
      `http://127.0.0.1:${port + 1}`,
      `http://localhost:${port}`,
    ])
      expect([origin, await status({ origin })]).toEqual([origin, 403]);
    expect(await status({ 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe(403);
    expect(await status({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' })).toBe(403);
    // A link that somebody followed.
    const followed = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await rawStatus(port, '/', followed)).status).toBe(200);
    const framed = { ...followed, 'sec-fetch-dest': 'iframe' };
    expect((await rawStatus(port, '/', framed)).status).toBe(403);
  });

  test('at every address only addresses and names that were allowed are ours', () => {
    const access = new Access({
      token: TOKEN,
      hostname: '0.0.0.0',
      port: 4377,
      allowedHosts: ['waggle.example'],
    });
    const isOurs = (host: string) => {
      try {
        access.checkPlace(new Request('http://x/', { headers: { host } }));
        return true;
      } catch {
        return false;
      }
    };
    expect(
      [
        '10.1.2.3:4377',
        '[fe80::1]:4377',
        'localhost:4377',
        'waggle.example',
        'waggle.example:443',
      ].map(isOurs),
    ).toEqual([true, true, true, true, true]);
    expect(
      ['evil.example:4377', '10.1.2.3:80', 'localhost:80', '999.1.1.1:4377'].map(isOurs),
    ).toEqual([false, false, false, false]);
  });

  test('only methods that a path has are answered', async () => {
    await using made = madeServer();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await made.ask('/api/status', { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET, HEAD');
    }
    expect((await made.ask('/api/login')).status).toBe(405);
    expect((await made.ask('/api/status', { method: 'HEAD' })).status).toBe(200);
  });
});
