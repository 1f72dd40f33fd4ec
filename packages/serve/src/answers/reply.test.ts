import { expect, test } from 'bun:test';
import { reply } from './reply.ts';

const text = 'the same words again and again, '.repeat(200);
const ask = (accepted: string) =>
  reply(new Request('http://a/', { headers: { 'accept-encoding': accepted } }), text, {
    type: 'text/plain',
  });

test.each([
  ['gzip, deflate, br, zstd', 'zstd'],
  ['zstd;q=0, gzip', 'gzip'],
  ['gzip;q=0.5', 'gzip'],
  ['GZIP', 'gzip'],
  ['zstd; q=0.0, gzip; q=0', null],
  ['br', null],
  ['', null],
] as const)('who takes %p is sent %p', async (accepted, encoding) => {
  const answer = await ask(accepted);
  expect(answer.headers.get('content-encoding')).toBe(encoding);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const plain =
    encoding === 'zstd'
      ? Bun.zstdDecompressSync(bytes)
      : encoding === 'gzip'
        ? Bun.gunzipSync(bytes)
        : bytes;
  expect(new TextDecoder().decode(plain)).toBe(text);
});

test('what is short, or packed already, is sent as it is', async () => {
  const request = new Request('http://a/', { headers: { 'accept-encoding': 'zstd, gzip' } });
  const packed = Bun.gzipSync(new Uint8Array(20_000).map(() => Math.random() * 256));
  for (const body of ['short', packed]) {
    const answer = await reply(request, body, { type: 'text/plain' });
    expect(answer.headers.get('content-encoding')).toBeNull();
  }
});
