// `record -o http://…`: the profile arrives at an OpenTelemetry receiver, without what may be secret;
// where it does not, everything else is written and the exit code says so.
// Runs beside others.

import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type PublishedRequest, readPublished } from '../packages/formats/test/opentelemetry.ts';
import { parseFolded, samples } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const SECRET = 'token=hunter2';
const command = () => ['--', workload('call_tree'), '300', SECRET];

interface Received {
  readonly path: string;
  readonly request: PublishedRequest;
}

let received: Received[] = [];
let answer: () => Response = () => new Response();
let server: ReturnType<typeof Bun.serve>;
let address = '';

beforeAll(() => {
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const bytes = gunzipSync(new Uint8Array(await request.arrayBuffer()));
      const { pathname } = new URL(request.url);
      received.push({
        path: pathname,
        request: readPublished<PublishedRequest>('ExportProfilesServiceRequest', bytes),
      });
      return answer();
    },
  });
  address = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.stop(true));

async function run(...args: string[]) {
  received = [];
  return Waggle.run(args);
}

function attributesOf({ request }: Received): Record<string, string | undefined> {
  const [first] = request.resourceProfiles;
  return Object.fromEntries(
    (first?.resource.attributes ?? []).map(({ key, value }) => [key, value.stringValue]),
  );
}

function samplesOf({ request }: Received): number {
  return request.resourceProfiles
    .flatMap(({ scopeProfiles }) => scopeProfiles.flatMap(({ profiles }) => profiles))
    .flatMap((profile) => profile.samples.flatMap(({ values }) => values))
    .reduce((sum, value) => sum + Number(value), 0);
}

describe('record -o http://…', () => {
  kernelTest('sends the profile, beside files, without the arguments of the command', async () => {
    answer = () => new Response();
    const file = join(freshFolder(), 'a.folded');
    const other = `${address}/tenant/`;
    const { code, stderr } = await run(
      ...['record', '-F', '999', '-o', address, '-o', file, '-o', other, ...command()],
    );
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(stderr).toContain(`written to ${file}; sent to ${address}, ${other}`);
    expect(received.map(({ path }) => path).sort()).toEqual([
      '/tenant/v1development/profiles',
      '/v1development/profiles',
    ]);
    for (const each of received) {
      expect(attributesOf(each)).toEqual({
        'host.name': hostname(),
        'process.command': workload('call_tree'),
      });
      expect(each.request.dictionary.stringTable).toContain('sixty');
      expect(JSON.stringify(each.request)).not.toContain(SECRET);
      expect(samplesOf(each)).toBe(samples(parseFolded(readFileSync(file, 'utf8'))));
    }
  });

  kernelTest('sends the arguments when they are asked for', async () => {
    answer = () => new Response();
    const { code } = await run('record', '-o', address, '--send-arguments', ...command());
    expect(code).toBe(0);
    const [request] = received;
    expect(request && attributesOf(request)['process.command_line']).toEndWith(` 300 ${SECRET}`);
  });

  kernelTest('that is not delivered ends it with 1, after the files, with what to do', async () => {
    const file = join(freshFolder(), 'a.pb.gz');
    answer = () => new Response('no such signal', { status: 404 });
    const { code, stderr } = await run('record', '-o', address, '-o', file, ...command());
    expect(code).toBe(1);
    expect(received.length).toBe(1);
    expect(stderr).toMatch(/answered 404: no such signal; see that its profiles signal is on/);
    expect(stderr).toContain(`waggle convert ${file} ${address}`);
    expect(stderr).toContain(`written to ${file}\n`);
    expect(stderr).not.toContain('sent to');
    // What it says to do, with a receiver that takes it.
    answer = () => new Response();
    const again = await run('convert', file, address);
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
    const [request] = received;
    expect(request && attributesOf(request)).toEqual({
      'host.name': hostname(),
      'process.command': workload('call_tree'),
    });
  });

  kernelTest('that nobody listens at is tried again, and said', async () => {
    const closed = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
    const nobody = `http://127.0.0.1:${closed.port}`;
    await closed.stop(true);
    const { code, stderr } = await run('record', '-o', nobody, ...command());
    expect(code).toBe(1);
    expect(stderr).toContain(`${nobody} did not take the profile`);
    expect(stderr).toContain('see that a receiver listens there');
    expect(stderr).toContain('-o FILE.otlp');
    expect(stderr).toContain(`${nobody} has not taken the profile yet`);
  });

  for (const [endpoint, words] of [
    ['http://', 'is no address'],
    ['http://user:secret@localhost:4318', 'cannot hold a user name'],
  ] as const)
    kernelTest(`${endpoint} is refused before anything runs`, async () => {
      const witness = join(freshFolder(), 'ran');
      const { code, stderr } = await run('record', '-o', endpoint, '--', 'touch', witness);
      expect({ code, says: stderr.includes(words) }).toEqual({ code: 2, says: true });
      expect(stderr).not.toContain('user:secret');
      expect(existsSync(witness)).toBe(false);
    });
});
