import { describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { life, type MadeServer, madeServer, TOKEN } from '../../test/made-host.ts';

const born = (pid: number) => life({ pid, bornAt: Date.now(), bootMs: Date.now() - 3_600_000 });

/** Reads a stream until it has what is looked for. */
async function readUntil(answer: Response, isEnough: (text: string) => boolean): Promise<string> {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!isEnough(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

/** Numbers alone: whose they are is in event-ids.test.ts. */
const idsOf = (text: string) =>
  [...text.matchAll(/^id: [0-9a-f-]{36}:(\d+)$/gm)].map(([, id]) => Number(id));

async function stream(made: MadeServer, headers: Record<string, string> = {}, query = '') {
  return made.ask(`/api/events${query}`, { headers });
}

describe('events as they come', () => {
  test('are server-sent, and go on behind the last one that a reader had', async () => {
    await using made = madeServer();
    const first = await stream(made, { accept: 'text/event-stream' });
    expect(first.headers.get('content-type')).toBe('text/event-stream');
    made.server.addEvents(born(5));
    const text = await readUntil(first, (each) => idsOf(each).length >= 2);
    expect(idsOf(text)).toEqual([1, 2]);
    const [, data = ''] = /^data: (.*)$/m.exec(text) ?? [];
    expect(JSON.parse(data)).toMatchObject({ event: 'fork', childPid: 5 });
    made.server.addEvents(born(6));
    const next = await stream(made, { accept: 'text/event-stream', 'last-event-id': '1' });
    const again = await readUntil(next, (each) => idsOf(each).length >= 3);
    expect(idsOf(again)).toEqual([2, 3, 4]);
  });

  test('are lines of JSON for who asks for them, and for curl', async () => {
    await using made = madeServer();
    for (const [headers, query] of [
      [{ accept: 'application/x-ndjson' }, '?after=0'],
      [{ accept: '*/*', 'user-agent': 'curl/8.5.0' }, '?after=0'],
      [{}, '?after=0&format=jsonl'],
    ] as const) {
      made.server.addEvents(born(5));
      const answer = await stream(made, headers, query);
      expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
      const text = await readUntil(answer, (each) => each.trim().split('\n').length >= 2);
      for (const line of text.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('event');
    }
  });

  test('only those that are wanted come', async () => {
    await using made = madeServer();
    const answer = await stream(made, {}, '?kind=exec&text=six&after=0');
    made.server.addEvents([
      ...born(5),
      ...life({ pid: 6, bornAt: Date.now(), argv: ['/bin/six'] }),
    ]);
    const text = await readUntil(answer, (each) => idsOf(each).length >= 1);
    expect(text).toContain('/bin/six');
    expect(idsOf(text)).toEqual([4]);
  });

  test('a reader that is too slow is told how many it missed', async () => {
    await using made = madeServer({ keepMs: 30_000 });
    const old = Date.now() - 60_000;
    made.server.addEvents(life({ pid: 5, bornAt: old, bootMs: old - 1000 }));
    // What is older than the kept time goes with the next events.
    await Bun.sleep(10);
    made.server.addEvents(born(6));
    const answer = await stream(made, { 'last-event-id': '0' });
    const text = await readUntil(answer, (each) => idsOf(each).length >= 2);
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''));
    const seen = events.reduce((sum, { event, count }) => sum + (event === 'lost' ? count : 1), 0);
    expect(seen).toBeGreaterThanOrEqual(2);
    expect(events.at(-1)).toMatchObject({ event: 'exec' });
  });

  test('a reader that does not read costs nothing', async () => {
    await using made = madeServer();
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect(made.server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        `GET /api/events?token=${TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:${made.server.port}\r\n\r\n`,
      );
      socket.pause();
      return socket;
    });
    await Bun.sleep(200);
    const events = Array.from({ length: 200 }, (_, at) => born(1000 + at)).flat();
    for (let round = 0; round < 10; round++) made.server.addEvents(events);
    await Bun.sleep(100);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 100; round++) {
      made.server.addEvents(events);
      if (round % 10 === 0) await Bun.sleep(1);
    }
    await Bun.sleep(200);
    Bun.gc(true);
    // 40,000 events of some 500 bytes for each of twenty: 400 MB if they were queued.
    expect(process.memoryUsage.rss() - before).toBeLessThan(150e6);
    for (const socket of sockets) socket.destroy();
  });
});
