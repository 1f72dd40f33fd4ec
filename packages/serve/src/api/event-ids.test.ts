// Ids of server-sent events: a reader goes on behind the one that it had last, also where waggle was restarted meanwhile
// and numbers begin anew.

import { describe, expect, test } from 'bun:test';
import { life, type MadeServer, madeServer } from '../../test/made-host.ts';
import { readUntil } from './events-stream.ts';

interface Sent {
  readonly id: string;
  readonly event: {
    readonly event: string;
    readonly count?: number;
    readonly childPid?: number;
    readonly reason?: string;
  };
}

/** The first server-sent events of a stream, as an EventSource has them. */
async function sent(
  made: MadeServer,
  count: number,
  headers: Record<string, string> = {},
  query = '',
): Promise<Sent[]> {
  const stop = new AbortController();
  const answer = await made.ask(`/api/events${query}`, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: stop.signal,
  });
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  const found = (): Sent[] =>
    [...text.matchAll(/^id: (.*)\ndata: (.*)\n\n/gm)].map(([, id = '', data = '']) => ({
      id,
      event: JSON.parse(data),
    }));
  while (found().length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  stop.abort();
  return found();
}

function born(made: MadeServer, ...pids: readonly number[]): void {
  for (const pid of pids)
    made.server.addEvents(life({ pid, bornAt: Date.now(), bootMs: Date.now() - 3_600_000 }));
}

const kinds = (events: readonly Sent[]) => events.map(({ event }) => event.event);

describe('the id of an event', () => {
  test('names its run, and what comes after it comes once', async () => {
    await using made = madeServer();
    born(made, 5, 6);
    const status = (await (await made.ask('/api/status')).json()) as { readonly run: string };
    const all = await sent(made, 4, {}, '?after=0');
    expect(all.map(({ id }) => id)).toEqual([1, 2, 3, 4].map((each) => `${status.run}:${each}`));
    const rest = await sent(made, 2, { 'last-event-id': all[1]?.id ?? '' });
    expect(rest).toEqual(all.slice(2));
    // As a parameter, for those that cannot set a header.
    expect(await sent(made, 2, {}, `?after=${all[1]?.id}`)).toEqual(rest);
  });

  test('of an earlier run: there is a gap, and then everything that is kept', async () => {
    let last = '';
    {
      await using earlier = madeServer();
      born(earlier, 5);
      last = (await sent(earlier, 2, {}, '?after=0')).at(-1)?.id ?? '';
    }
    // So many that the number alone would be one of this run.
    await using made = madeServer();
    born(made, 7, 8, 9);
    const all = await sent(made, 7, { 'last-event-id': last });
    expect(kinds(all)).toEqual(['gap', 'fork', 'exec', 'fork', 'exec', 'fork', 'exec']);
    expect(all[0]?.event.reason).toContain('restarted');
    expect(all[1]?.event.childPid).toBe(7);
    // Who breaks off behind the gap has been told of it.
    const next = await sent(made, 6, { 'last-event-id': all[0]?.id ?? '' });
    expect(next).toEqual(all.slice(1));
  });

  test('of an earlier run, where nothing has happened yet: the gap is told at once', async () => {
    await using made = madeServer();
    const id = '00000000-0000-0000-0000-000000000000:17';
    expect(kinds(await sent(made, 1, { 'last-event-id': id }))).toEqual(['gap']);
  });

  test('of an earlier run, as lines of JSON', async () => {
    await using made = madeServer();
    born(made, 7);
    const id = '00000000-0000-0000-0000-000000000000:1';
    const stop = new AbortController();
    const answer = await made.ask(`/api/events?format=jsonl&after=${id}`, { signal: stop.signal });
    let text = '';
    for await (const chunk of answer.body as ReadableStream<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (text.trim().split('\n').length >= 3) break;
    }
    stop.abort();
    const lines = text.split('\n').filter(Boolean);
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['gap', 'fork', 'exec']);
  });

  test('is read as what it is, or not at all', () => {
    const run = '0a-b1';
    expect(readUntil('0a-b1:7', run, 9)).toEqual({ number: 7, isOfAnotherRun: false });
    expect(readUntil('7', run, 9)).toEqual({ number: 7, isOfAnotherRun: false });
    expect(readUntil('0', run, 0)).toEqual({ number: 0, isOfAnotherRun: false });
    // There is no such number yet.
    expect(readUntil('10', run, 9)).toEqual({ number: 0, isOfAnotherRun: true });
    expect(readUntil('0a-b2:7', run, 9)).toEqual({ number: 0, isOfAnotherRun: true });
    for (const id of ['', ':', '-1', 'x:1', '0a-b1:', '0a-b1:x', '0a-b1:1:2', '1e3', ' 1'])
      expect([id, readUntil(id, run, 9)]).toEqual([id, undefined]);
  });
});
