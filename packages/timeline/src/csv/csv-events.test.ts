// The rows are what Python's csv module reads: the table that most tools are written after.

import { expect, test } from 'bun:test';
import { execLine, exitLine, lostLine } from '../../test/recordings.ts';
import { parseEvent, type RecordedEvent } from '../events/recorded-event.ts';
import { CSV_HEADER, csvRow } from './csv-events.ts';

function rows(...lines: string[]): Record<string, string>[] {
  const text = CSV_HEADER + lines.map((line) => csvRow(parseEvent(line) as RecordedEvent)).join('');
  const script = 'import csv,json,sys; print(json.dumps(list(csv.DictReader(sys.stdin))))';
  const { stdout, success } = Bun.spawnSync(['python3', '-c', script], {
    stdin: new TextEncoder().encode(text),
  });
  if (!success) throw new Error('python3 could not read it');
  return JSON.parse(stdout.toString());
}

test('a row for each event, lists as JSON, what is not known empty', () => {
  const argv = ['cc', '-DX="a,b"', 'line\nfeed', 'é'];
  const [exec, exit, lost] = rows(
    execLine({ pid: 7, comm: 'c,"c\r\n' }, { argv }),
    exitLine({ pid: 7, at: 507 }, { exitCode: 3, userNs: '12' }),
    lostLine(4),
  );
  expect(exec).toMatchObject({ event: 'exec', pid: '7', comm: 'c,"c\r\n', exitCode: '' });
  expect(JSON.parse(exec?.argv ?? '')).toEqual(argv);
  expect(exit).toMatchObject({ exitCode: '3', lifetimeNs: '500', userNs: '12', signal: '' });
  expect(lost).toMatchObject({ event: 'lost', count: '4', pid: '' });
});

test('nothing is a formula', () => {
  const hostile = ['=cmd()', '+1', '-bash', '@x', '\tx', '\rx', "'x"];
  const read = rows(...hostile.map((comm) => execLine({ pid: 7, comm }, { filename: comm })));
  expect(read.map(({ comm, filename }) => [comm, filename])).toEqual(
    hostile.map((comm) => [`'${comm}`, `'${comm}`]),
  );
});
