// WAGGLE_LOG: which lines there are of what was done.

import { expect, test } from 'bun:test';
import { log } from '@waggle/ffi';
import { BadOption } from '../errors/errors.ts';
import { lineOf, startDebugLog } from './debug-log.ts';

test('a line says when, what was done, to what, and what else is known of it', () => {
  const entry = { what: 'program', name: 'handle_exec', method: 'tp_btf', log: undefined, ms: 12 };
  expect(lineOf('attached', entry, 142.4)).toBe(
    'waggle: 0.142 s: attached program handle_exec, method tp_btf, ms 12\n',
  );
});

test('names are made harmless', () => {
  const line = lineOf('loaded', { what: 'names of', name: '/tmp/a\u001b[2J\nb' }, 0);
  expect(line).toBe('waggle: 0.000 s: loaded names of /tmp/a\\u001b[2J\\nb\n');
});

test('without a level nothing is written, nor made', () => {
  const lines: string[] = [];
  for (const level of [undefined, '']) startDebugLog(level, (line) => lines.push(line));
  log('loaded', () => {
    throw new Error('nobody listens');
  });
  expect(lines).toEqual([]);
});

test('a level that there is not is refused by its name', () => {
  for (const level of ['loud', 'DEBUG', '1']) {
    expect(() => startDebugLog(level)).toThrow(BadOption);
    expect(() => startDebugLog(level)).toThrow(`WAGGLE_LOG is "${level}"`);
  }
});

test('with debug every entry is written once, however often it is started', () => {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  startDebugLog('debug', write);
  startDebugLog('debug', write);
  log('evicted', () => ({ what: 'process', name: '42', why: 'exited' }));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^waggle: \d+\.\d{3} s: evicted process 42, why exited\n$/);
});
