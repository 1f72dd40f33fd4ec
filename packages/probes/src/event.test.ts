// The texts that -e takes, and those that it refuses.

import { expect, test } from 'bun:test';
import { demangle } from '@waggle/symbols';
import { BadEvent } from './bad-event.ts';
import { parseEvent } from './event.ts';
import { namesOf } from './function-pattern.ts';

function refused(text: string): string {
  try {
    parseEvent(text);
  } catch (error) {
    if (error instanceof BadEvent) return error.message;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

test('perf events by their names, with a side', () => {
  expect(parseEvent('page-faults')).toMatchObject({ type: 1, config: 2, isClock: false });
  expect(parseEvent('cycles:u')).toMatchObject({ type: 0, config: 0, excludeKernel: true });
  expect(parseEvent('cycles:kp')).toMatchObject({ excludeUser: true, precise: true });
  expect(parseEvent('LLC-load-misses')).toMatchObject({ type: 3, config: 0x10002 });
  expect(parseEvent('r01c2')).toMatchObject({ type: 4, config: 0x1c2 });
});

test.each([
  ['uprobe:malloc', undefined, { kind: 'name', name: 'malloc', offset: 0 }],
  ['uprobe:libc:malloc+0x10', 'libc', { kind: 'name', name: 'malloc', offset: 16 }],
  ['uprobe:/bin/app:ns::C::f(int)', '/bin/app', { kind: 'name', name: 'ns::C::f(int)', offset: 0 }],
  ['uprobe:ns::C::f', undefined, { kind: 'name', name: 'ns::C::f', offset: 0 }],
  ['uprobe:a.c:12', undefined, { kind: 'line', file: 'a.c', line: 12 }],
  ['uprobe:./app:/src/a.c:12', './app', { kind: 'line', file: '/src/a.c', line: 12 }],
  ['uprobe:./app:src/a.c:12', './app', { kind: 'line', file: 'src/a.c', line: 12 }],
  ['uprobe:/^a:b$/', undefined, { kind: 'many', text: '/^a:b$/', expression: /^a:b$/u }],
  ['uprobe:/bin/app:/^a$/', '/bin/app', { kind: 'many', text: '/^a$/', expression: /^a$/u }],
  ['uprobe:c:str*', 'c', { kind: 'many', text: 'str*', expression: /^str.*$/s }],
  ['uprobe:operator*', undefined, { kind: 'name', name: 'operator*', offset: 0 }],
])('%s', (text, object, pattern) => {
  expect(parseEvent(text)).toEqual({ kind: 'uprobe', text, object, function: pattern } as never);
});

test('what names no event says what it could be', () => {
  expect(refused('page-fault')).toContain('did you mean page-faults?');
  expect(refused('cycles:x')).toContain('only u (user space), k (kernel) and p (exact)');
  expect(refused('uprobe:')).toContain('a function is missing');
  expect(refused('uprobe:/bin/app')).toContain('a function is missing: write it behind the file');
  expect(refused('uprobe:/bin/app:/lib/b')).toContain('as in /lib/b:FUNCTION');
  expect(refused('uprobe:/(/')).toStartWith('uprobe:/(/: ');
  expect(refused('uprobe:app:f_[z-a]')).toStartWith('uprobe:app:f_[z-a]: ');
  expect(refused('uprobe:f*+4')).toContain('an offset belongs to one function');
  expect(refused('usdt:name')).toContain('usdt:[PATH:]PROVIDER:NAME');
  expect(refused('tracepoint:sched')).toContain('tracepoint:SYSTEM:NAME');
});

test('a function is known by its mangled name and by what people wrote', () => {
  expect(namesOf('_ZN2ns1C1fEi', demangle)).toEqual(['_ZN2ns1C1fEi', 'ns::C::f(int)', 'ns::C::f']);
  expect(namesOf('malloc@@GLIBC_2.2.5', demangle)).toEqual(['malloc']);
});
