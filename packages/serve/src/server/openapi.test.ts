// The description of the API, held against what the server answers.

import { describe, expect, test } from 'bun:test';
import Ajv from 'ajv/dist/2020.js';
import { busyServer } from '../../test/made-host.ts';
import { openapiDocument } from './openapi.ts';
import { LIVE, LOGIN, ROUTES } from './routes.ts';

const POST = { method: 'POST' };

const jsonOf = async (answer: Promise<Response>) =>
  (await (await answer).json()) as { readonly type: string; readonly detail: string };

describe('the description', () => {
  interface Operation {
    readonly parameters?: readonly { readonly name: string }[];
    readonly responses: Readonly<Record<string, unknown>>;
  }
  const document = openapiDocument('0.1.0') as {
    readonly paths: Record<string, { readonly get?: Operation; readonly post?: Operation }>;
  };

  test('names every path that there is, and no other', () => {
    const pages = ['/', '/page.js', '/page.css', '/timeline.html'];
    expect(Object.keys(document.paths).sort()).toEqual(
      [...Object.keys(ROUTES), LOGIN, LIVE].filter((path) => !pages.includes(path)).sort(),
    );
  });

  test('names every parameter that a path takes', async () => {
    await using made = await busyServer();
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (get === undefined || path === '/health' || path === LIVE) continue;
      const problem = await jsonOf(made.ask(`${path}?no-such-parameter=1`));
      expect([path, problem.type]).toEqual([path, 'urn:waggle:problem:unknown-parameter']);
      const [, list = ''] = /: there are (.*)\.$/.exec(problem.detail) ?? [];
      expect([path, list.split(', ').filter(Boolean).sort()]).toEqual([
        path,
        (get.parameters ?? []).map(({ name }) => name).sort(),
      ]);
    }
  });

  test('says of each answer what it is', async () => {
    await using made = await busyServer();
    const ajv = new Ajv({ strict: false });
    ajv.addSchema(document, 'api');
    for (const [path, name] of [
      ['/api/processes', 'Processes'],
      ['/api/activity', 'Activity'],
      ['/api/events?format=json&from=-1m', 'Events'],
      ['/api/status', 'Status'],
      ['/api/flame', 'ProfilePage'],
      ['/api/processes?pid=x', 'Problem'],
    ] as const) {
      const validate = ajv.compile({ $ref: `api#/components/schemas/${name}` });
      const isValid = validate(await (await made.ask(path)).json());
      expect([path, isValid, validate.errors ?? null]).toEqual([path, true, null]);
    }
    expect(await (await made.ask('/openapi.json')).json()).toEqual(
      JSON.parse(JSON.stringify(document)),
    );
  });

  test('says of each path how it may be refused, and nothing that cannot be', async () => {
    await using made = await busyServer();
    const saysOf = (path: string, method: 'get' | 'post' = 'get') =>
      Object.keys(document.paths[path]?.[method]?.responses ?? {});
    const long = `?from=${'9'.repeat(5000)}`;
    for (const path of Object.keys(document.paths)) {
      const isLogin = path === LOGIN;
      const asked: [number, Promise<Response>][] = [
        [405, made.ask(path, { method: 'PUT' })],
        [414, made.ask(path + long)],
      ];
      if (path !== '/health') asked.push([401, fetch(made.origin + path, isLogin ? POST : {})]);
      if (path === LIVE) asked.push([426, made.ask(path)]);
      if (isLogin) asked.push([204, made.ask(path, POST)]);
      for (const [status, answer] of asked) {
        expect([path, (await answer).status]).toEqual([path, status]);
        expect([path, saysOf(path, isLogin ? 'post' : 'get')]).toEqual([
          path,
          expect.arrayContaining([String(status)]),
        ]);
      }
    }
  });

  test('says which answers have an ETag', async () => {
    await using made = await busyServer();
    const span = `from=${made.now}&to=${made.now + 10}`;
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (get === undefined || path === LIVE || path.startsWith('/debug')) continue;
      const names = get.parameters?.map(({ name }) => name) ?? [];
      const base = names.includes('baseFrom') ? `&baseFrom=${made.now}` : '';
      const query = names.includes('from') ? `?${span}${base}` : '';
      const tag = (await made.ask(path + query)).headers.get('etag');
      expect([path, tag !== null]).toEqual([path, '304' in get.responses]);
      if (tag === null) continue;
      const again = await made.ask(path + query, { headers: { 'if-none-match': tag } });
      expect([path, again.status]).toEqual([path, 304]);
    }
  });
});
