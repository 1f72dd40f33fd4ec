import { describe, expect, test } from 'bun:test';
import { encodeFolded } from '../index.ts';
import { isPerfScript, PerfScriptSyntaxError, parsePerfScript } from './index.ts';

const folded = (text: string): string => {
  expect(isPerfScript(text)).toBe(true);
  return encodeFolded(parsePerfScript(text));
};

const DEFAULT = `# ========
# hostname : db-7
# cmdline : /usr/bin/perf record -F 999 -g ./app
# ========
#
app worker  4711 [001] 123.000000:    1001001 cpu-clock:pppH: 
\tffffffff8104f45a native_write_msr+0x4 ([kernel.kallsyms])
\t          4011a6 main+0x16 (/srv/app)
\t    7f1234561000 __libc_start_main@@GLIBC_2.34+0x80 (/usr/lib/libc.so.6)

app worker  4711 [001] 124.500000:    1001001 cpu-clock:pppH: 
\t    7f1234569999 [unknown] (/usr/lib/libc.so.6)
\t               0 [unknown] ([unknown])
`;

describe('the output of perf script', () => {
  test('as it is by default', () => {
    expect(folded(DEFAULT)).toBe(
      'app worker;[unknown];[libc.so.6] 1\n' +
        'app worker;__libc_start_main@@GLIBC_2.34;main;native_write_msr_[k] 1\n',
    );
    const { metadata, values, stacks } = parsePerfScript(DEFAULT);
    expect(values).toBeUndefined();
    expect(metadata).toMatchObject({
      host: 'db-7',
      command: '/usr/bin/perf record -F 999 -g ./app',
      frequencyHz: 999,
      durationSeconds: 1.5,
      samples: 2,
    });
    expect(stacks[0]?.frames).toEqual([
      { name: 'app worker', kind: 'process' },
      { name: '__libc_start_main@@GLIBC_2.34', kind: 'user', object: '/usr/lib/libc.so.6' },
      { name: 'main', kind: 'user', object: '/srv/app' },
      { name: 'native_write_msr', kind: 'kernel' },
    ]);
  });

  const frames = '\t4011a6 main (/srv/app)\n\t401000 _start (/srv/app)\n\n';
  test.each([
    ['pid and tid', 'app 12/13 [000] 1.5: 1 cycles:u: \n', 'app'],
    ['no processor', 'app 12 1.5: 1 cycles: \n', 'app'],
    ['no time', 'app 12 cycles:\n', 'app'],
    ['no period', 'app 12 [003] 1.5: cycles: \n', 'app'],
    ['flags of interrupts', 'app 12 [003] d.h1. 1.5: 1 cycles: \n', 'app'],
    ['a name in the kernel', 'kworker/0:1-ev 12 [003] 1.5: 1 cycles: \n', 'kworker/0:1-ev'],
    ['a name that is a number', '4 12 [003] 1.5: 1 cycles: \n', '4'],
    ['a name that could be an address', 'dd 12 [003] 1.5: 1 cycles: \n', 'dd'],
    ['a tracepoint', 'app 12 [003] 1.5: sched:sched_switch: prev_comm=app prev_pid=12 \n', 'app'],
    ['a tracepoint of perf probe', 'app 12 [003] 1.5: probe:f: (401000)\n', 'app'],
    ['a PMU', 'app 12 [003] 1.5: 7 cpu_core/cycles/P: \n', 'app'],
    ['no event', 'app 12 1.5: \n', 'app'],
    ['only the name', 'app worker \n', 'app worker'],
  ])('headers: %s', (_, header, comm) => {
    expect(folded(header + frames + header + frames)).toBe(`${comm};_start;main 2\n`);
  });

  test('no headers at all, and no empty line at the end', () => {
    expect(folded(frames + frames.trimEnd())).toBe('_start;main 2\n');
  });

  test.each([
    ['no object', '\t    7f12345 main\n\t    7f12300 _start\n'],
    ['no address', '\tmain (/srv/app)\n\t_start (/srv/app)\n'],
    ['only the symbol', '\tmain\n\t_start\n'],
    ['not indented', '4011a6 main (/srv/app)\n401000 _start (/srv/app)\n'],
    [
      'a file that was removed',
      '\t4011a6 main (/srv/app (deleted))\n\t401000 _start (/a (b)/app)\n',
    ],
    [
      'source lines',
      '\t4011a6 main+0x4 (/srv/app)\n  main.c:12\n\t401000 _start+0x2 (/srv/app)\n  app[401000]\n',
    ],
    [
      'offsets in files',
      '\t4011a6 main+0x4 (/srv/app+0x11a6)\n\t401000 _start+0x2 (/srv/app+0x1000)\n',
    ],
  ])('frames: %s', (_, lines) => {
    expect(folded(`app 12 [003] 1.5: 1 cycles: \n${lines}\n`)).toBe('app;_start;main 1\n');
  });

  test('neither objects nor events', () => {
    const frames = '\t            11d1 work\n\t           2724a main\n\n';
    expect(folded(`\n${frames}${frames}`)).toBe('main;work 2\n');
    expect(folded(`spin \n${frames}spin \n${frames}`)).toBe('spin;main;work 2\n');
    const addresses = 'spin \n\t            11d1\n\t           2724a\n\n';
    expect(folded(addresses)).toBe('spin;[unknown];[unknown] 1\n');
  });

  test('fields between, and lines of others, are no frames', () => {
    const text =
      'spin 29278 U      4022.079532:    2004008 cpu-clock: \n' +
      '\t            11d1 work+0x51 (/srv/spin)\n insn: 48 83 c0\n\n' +
      'spin 29278 [000] KD     4022.079532:    2004008 cpu-clock: \n' +
      '\t            11d1 work+0x51 (/srv/spin)\n\n';
    expect(folded(text)).toBe('spin;work 2\n');
    expect(parsePerfScript(text).warnings).toBeUndefined();
  });

  test('names with spaces, arrows and parentheses', () => {
    const text =
      'node 12 [003] 1.5: 1 cycles: \n' +
      '\t1a2b3c4d5e6f LazyCompile:~body_0 evalmachine.<anonymous>:1 (/tmp/perf-12.map)\n' +
      '\t4011a6 std::function<int (int)>::operator()(int) const+0x12 (/srv/my app/lib (x86).so)\n' +
      '\t401200 Foo::operator->() (/srv/app)\n\n';
    expect(folded(text)).toBe(
      'node;Foo::operator->();std::function<int (int)>::operator()(int) const;' +
        'LazyCompile:~body_0 evalmachine.<anonymous>:1 1\n',
    );
  });

  test('inlined functions are in the code of their caller', () => {
    const text =
      'app 12 [003] 1.5: 1 cycles: \n\t4011a6 hash (inlined)\n\t4011a6 main (/srv/app)\n\n' +
      'java 12 [003] 1.6: 1 cycles: \n\t7f00aa outer->middle->inner (/tmp/perf-12.map)\n\n';
    const [native, java] = parsePerfScript(text).stacks;
    expect(native?.frames.slice(1)).toEqual([
      { name: 'main', kind: 'user', object: '/srv/app' },
      { name: 'hash', kind: 'user', object: '/srv/app', inlined: true },
    ]);
    expect(java?.frames.slice(1).map(({ name, inlined }) => [name, inlined])).toEqual([
      ['outer', undefined],
      ['middle', true],
      ['inner', true],
    ]);
  });

  test('lines and offsets are kept where perf printed them', () => {
    const text =
      'app 12 [003] 1.5: 1 cycles: \n\t4011a6 main+0x4 (/srv/app)\n  main.c:12\n' +
      '\t7f00aabb [unknown] (/usr/lib/libc.so.6+0x2aabb)\n\n';
    expect(parsePerfScript(text).stacks[0]?.frames.slice(1)).toEqual([
      { name: '[libc.so.6+0x2aabb]', kind: 'unresolved', object: '/usr/lib/libc.so.6' },
      { name: 'main', kind: 'user', object: '/srv/app', file: 'main.c', line: 12 },
    ]);
  });

  test('modules and unnamed code of the kernel', () => {
    const text =
      'app 12 [003] 1.5: 1 cycles: \n\tffffffffc0001234 ext4_read ([ext4])\n' +
      '\tffffffff81001234 [unknown] ([kernel.kallsyms])\n' +
      '\tffffffff81001300 start_kernel ([kernel.kallsyms].init.text)\n' +
      '\t7d8 conntrack+0x8 (/lib/modules/6.1.0/kernel/net/nf_conntrack.ko)\n' +
      '\t7ffc1234 clock_gettime ([vdso])\n\n';
    expect(folded(text)).toBe(
      'app;clock_gettime;conntrack_[k];start_kernel_[k];' +
        '[kernel.kallsyms+0xffffffff81001234]_[k];ext4_read_[k] 1\n',
    );
  });

  test('samples without a call chain are a line each', () => {
    const text =
      '           false 39654 19115.489713:          1 cycles:u:  ffffffff9b201293 [unknown] ([unknown])\n' +
      '              dd 39654 19115.489719:          1 cycles:u:      7fa68b1f2d84 _dl_start+0x4 (/usr/lib/ld-2.31.so)\n';
    expect(folded(text)).toBe('dd;_dl_start 1\nfalse;[unknown+0xffffffff9b201293]_[k] 1\n');
  });

  test('periods that differ are a second value; several events are a value each', () => {
    const sample = (event: string, period: number) => `app 12 1.5: ${period} ${event}: \n${frames}`;
    const cycles = parsePerfScript(sample('cycles:P', 5000) + sample('cycles:P', 7000));
    expect(cycles.values).toEqual({
      types: [
        { type: 'samples', unit: 'count' },
        { type: 'cycles', unit: 'count' },
      ],
      shown: 0,
    });
    expect(cycles.stacks.map(({ values }) => values)).toEqual([[2, 12_000]]);
    const both = parsePerfScript(
      sample('cycles', 5000) + sample('instructions', 9) + sample('cycles', 5000),
    );
    expect(both.values?.types.map(({ type }) => type)).toEqual(['cycles', 'instructions']);
    expect(both.stacks.map(({ values }) => values)).toEqual([[2, 1]]);
    expect(encodeFolded(both)).toBe('app;_start;main 2\n');
  });

  test('a line that perf does not print is left out and named', () => {
    const text = `app 12 1.5: 1 cycles: \n\tTHIS IS NO FRAME\n${frames}`;
    const { stacks, warnings } = parsePerfScript(text);
    expect(stacks[0]?.frames.map(({ name }) => name)).toEqual(['app', '_start', 'main']);
    expect(warnings).toEqual([
      '1 line is nothing that perf script prints and left out; the first is line 2',
    ]);
  });

  test('other text is not taken for it', () => {
    for (const text of [
      '',
      'a;b 5\n',
      'thread 12 main: 7\n',
      'java 12 x;y: 7\n',
      '# a comment\n',
      'words\n',
      '    100 main;a\n    200 main;b\n',
      ' 400\nmain;a 5\n',
      'be kind (really)\n',
      'a list (of things)\n',
      '* item 5 (five)\n',
    ])
      expect(isPerfScript(text)).toBe(false);
    expect(() => parsePerfScript('# nothing\n')).toThrow(PerfScriptSyntaxError);
  });
});
