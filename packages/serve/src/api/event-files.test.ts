// Events of a span as files: each is what `trace -o` writes, and is read back as the same events.

import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { jsonLinesOfDatabase, jsonLinesOfTable, looksLikeDatabase } from '@waggle/timeline';
import { busyServer } from '../../test/made-host.ts';

async function kindsOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  let text = '';
  for await (const chunk of chunks) text += new TextDecoder().decode(chunk);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string; readonly pid: number })
    .map(({ event, pid }) => `${event} ${pid}`);
}

test('a table, a database and a trace have the events of the span', async () => {
  await using made = await busyServer();
  const ask = async (format: string, query = '') => {
    const answer = await made.ask(`/api/events?from=-1m&format=${format}${query}`);
    expect([format, answer.status]).toEqual([format, 200]);
    const name = new RegExp(`filename="waggle-[0-9TZ-]+\\.${format}"$`);
    expect(answer.headers.get('content-disposition')).toMatch(name);
    return { bytes: await answer.bytes(), type: answer.headers.get('content-type') };
  };
  const wanted = await kindsOf([(await ask('jsonl')).bytes]);
  expect(wanted.length).toBe(9);

  const csv = await ask('csv');
  expect(csv.type).toBe('text/csv; charset=utf-8');
  expect(await kindsOf(jsonLinesOfTable([csv.bytes]))).toEqual(wanted);

  const { bytes, type } = await ask('db');
  expect(type).toBe('application/vnd.sqlite3');
  expect(looksLikeDatabase(bytes)).toBe(true);
  using database = Database.deserialize(bytes, true);
  expect(await kindsOf(jsonLinesOfDatabase(database))).toEqual(wanted);
  expect(database.query('SELECT complete FROM recording').get()).toEqual({ complete: 1 });

  const trace = Buffer.from((await ask('pftrace')).bytes).toString('latin1');
  for (const program of ['/bin/parent', '/bin/child', '/bin/other', '/nowhere'])
    expect(trace).toContain(program);

  // A filter is one of files too, and arguments are as hidden as elsewhere.
  const failed = await ask('csv', '&failed=true&pid=10');
  expect(await kindsOf(jsonLinesOfTable([failed.bytes]))).toEqual(['exit 11']);
  for (const { bytes: each } of [csv, { bytes }, await ask('pftrace')])
    expect(Buffer.from(each).includes('secret')).toBe(false);
});

test('without events a file is whole, and empty', async () => {
  await using made = await busyServer();
  const span = 'from=-1m&text=nothing-has-this';
  for (const format of ['csv', 'db', 'pftrace']) {
    const answer = await made.ask(`/api/events?${span}&format=${format}`);
    expect([format, answer.status]).toEqual([format, 200]);
    if (format === 'csv') expect((await answer.text()).trim().split('\n').length).toBe(1);
  }
});
