import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { seeded } from '../test/build-elf.ts';
import { KernelSymbols } from './kernel-symbols.ts';

function parse(...lines: string[]): KernelSymbols {
  return KernelSymbols.parse(new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')));
}

describe('synthetic kallsyms', () => {
  const symbols = parse(
    'ffffffff81000000 T _text',
    'ffffffff81000100 t local_function',
    'ffffffff81000200 W weak_function',
    'ffffffff81000300 w weak_local',
    'ffffffff81000400 D data_in_between',
    'ffffffff81000500 T last_of_kernel',
    'ffffffffc0201000 t module_function\t[nf_tables]',
    'ffffffffc0201080 T module_last\t[nf_tables]',
    'ffffffffc0301000 t other_function\t[xfs]',
  );

  test('a symbol reaches up to the next one', () => {
    expect(symbols.restricted).toBe(false);
    expect(symbols.lookup(0xffffffff81000000n)).toEqual({ name: '_text', offset: 0 });
    expect(symbols.lookup(0xffffffff810000ffn)).toEqual({ name: '_text', offset: 0xff });
    expect(symbols.lookup(0xffffffff81000100n)).toEqual({ name: 'local_function', offset: 0 });
    expect(symbols.lookup(0xffffffff81000234n)).toEqual({ name: 'weak_function', offset: 0x34 });
    expect(symbols.lookup(0xffffffff81000300n)?.name).toBe('weak_local');
  });

  test('data has no name, and ends the function before it', () => {
    expect(symbols.lookup(0xffffffff810003ffn)?.name).toBe('weak_local');
    expect(symbols.lookup(0xffffffff81000400n)).toBeUndefined();
    expect(symbols.lookup(0xffffffff810004ffn)).toBeUndefined();
    expect(symbols.size).toBe(8);
  });

  test('modules are named', () => {
    expect(symbols.lookup(0xffffffffc0201010n)).toEqual({
      name: 'module_function',
      module: 'nf_tables',
      offset: 0x10,
    });
    expect(symbols.lookup(0xffffffffc0301000n)?.module).toBe('xfs');
  });

  test('the last of the kernel, of a module and of all reach two pages at most', () => {
    const lasts = [
      ['last_of_kernel', 0xffffffff81000500n, 0xffffffff81002000n],
      ['module_last', 0xffffffffc0201080n, 0xffffffffc0203000n],
      ['other_function', 0xffffffffc0301000n, 0xffffffffc0303000n],
    ] as const;
    for (const [name, start, end] of lasts) {
      expect(symbols.lookup(start)?.name).toBe(name);
      expect(symbols.lookup(end - 1n)?.name).toBe(name);
      expect(symbols.lookup(end)).toBeUndefined();
    }
  });

  test('addresses outside', () => {
    for (const outside of [-1n, 0n, 0xffffffff80ffffffn, 0xffffffffffffffffn, 1n << 64n]) {
      expect(symbols.lookup(outside)).toBeUndefined();
    }
  });

  test('all 64 bits count', () => {
    const wide = parse(
      '0000000000001000 T low',
      '7fffffffffffffff T middle',
      '8000000000000000 T high',
      'ffffffffffffff01 T top',
    );
    expect(wide.lookup(0x1000n)?.name).toBe('low');
    expect(wide.lookup(0x7fffffffffffffffn)).toEqual({ name: 'middle', offset: 0 });
    expect(wide.lookup(0x8000000000000001n)).toEqual({ name: 'high', offset: 1 });
    expect(wide.lookup(0xffffffffffffffffn)).toEqual({ name: 'top', offset: 0xfe });
  });
});

test('out of order, as modules are, and aliases by preference', () => {
  const symbols = parse(
    'ffffffffc0000000 t in_module\t[m]',
    'ffffffff81000000 t __local',
    'ffffffff81000000 T __global',
    'ffffffff81000000 T global',
    'ffffffff81000000 W weak',
    'ffffffff81000000 D data',
    'ffffffff81000010 t _second',
    'ffffffff81000010 t second',
  );
  expect(symbols.lookup(0xffffffff81000008n)?.name).toBe('global');
  expect(symbols.lookup(0xffffffff81000018n)?.name).toBe('second');
  expect(symbols.lookup(0xffffffffc0000000n)?.name).toBe('in_module');
});

test('hidden addresses are said to be so', () => {
  const hidden = parse('0000000000000000 T _text', '0000000000000000 t f\t[m]');
  expect(hidden.restricted).toBe(true);
  expect(hidden.size).toBe(0);
  expect(hidden.lookup(0n)).toBeUndefined();
  expect(hidden.lookup(0xffffffff81000000n)).toBeUndefined();
  // Per-CPU symbols have small addresses even where others are hidden or not.
  expect(parse('0000000000000000 A fixed_percpu_data').restricted).toBe(false);
  expect(parse('0000000000000000 T zero', 'ffffffff81000000 T _text').restricted).toBe(false);
});

test('lines of another form are skipped', () => {
  const symbols = parse(
    '',
    'garbage',
    'ffffffff81000000',
    'ffffffff81000000 T',
    'ffffffff81000000 T ',
    'ffffffff81000000T _text',
    '1ffffffff81000000 T seventeen_digits',
    'ffffffff81000010 T good',
    'ffffffff81000020 t in_open_bracket\t[module',
    'FFFFFFFF81000030 T capitals',
  );
  expect(symbols.size).toBe(3);
  expect(symbols.lookup(0xffffffff81000015n)?.name).toBe('good');
  expect(symbols.lookup(0xffffffff81000025n)?.module).toBe('module');
  expect(symbols.lookup(0xffffffff81000035n)?.name).toBe('capitals');
  expect(KernelSymbols.parse(new Uint8Array(0)).size).toBe(0);
  expect(KernelSymbols.parse(new TextEncoder().encode('ffffffff81000000 T cut')).size).toBe(1);
});

test('damaged bytes throw nothing', () => {
  const text = 'ffffffff81000000 T _text\nffffffffc0201000 t f\t[m]\n'.repeat(20);
  const original = new TextEncoder().encode(text);
  const random = seeded(42);
  let named = 0;
  for (let i = 0; i < 2000; i++) {
    const bytes = original.slice(0, 1 + Math.floor(random() * original.length));
    for (let times = 0; times < 10; times++) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    if (KernelSymbols.parse(bytes).lookup(0xffffffff81000000n) !== undefined) named++;
  }
  expect(named).toBeGreaterThan(500);
});

describe('this kernel', () => {
  const bytes = readFileSync('/proc/kallsyms');
  const symbols = KernelSymbols.parse(bytes);
  const lines = bytes.toString('latin1').trimEnd().split('\n');

  test('is restricted exactly when all its text addresses are 0', () => {
    const shown = lines.some((line) => /^(?!0{16})[0-9a-f]{16} [tTwW] /.test(line));
    expect(symbols.restricted).toBe(!shown);
    expect(KernelSymbols.read().restricted).toBe(symbols.restricted);
  });

  test('every text symbol answers under a name of its address', () => {
    const namesAt = new Map<string, Set<string>>();
    for (const line of lines) {
      const match = /^([0-9a-f]{16}) [tTwW] (\S+)(?:\s+\[(.*)\])?$/.exec(line);
      if (match === null || match[1] === '0000000000000000') continue;
      const [, address = '', name = '', module = ''] = match;
      const names = namesAt.get(address) ?? new Set();
      namesAt.set(address, names.add(`${name} ${module}`));
    }
    expect(symbols.size).toBe(namesAt.size);
    let wrong = 0;
    for (const [address, names] of namesAt) {
      const hit = symbols.lookup(BigInt(`0x${address}`));
      if (hit?.offset !== 0 || !names.has(`${hit.name} ${hit.module ?? ''}`)) wrong++;
    }
    expect(wrong).toBe(0);
  });
});
