// Makes the inputs that fuzzing starts from, by our own encoders and the C compiler:
// bun scripts/fuzz/make-corpus.ts. They are kept in the repository, so that a seed and a number are the
// same case everywhere. Files that found something are put beside them by hand, and stay.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import * as layouts from '../../packages/bpf/src/generated/layouts.ts';
import { recordFlags, recordType } from '../../packages/bpf/src/generated/layouts.ts';
import { formats, type Profile, type ProfileFrame } from '../../packages/formats/src/index.ts';
import { encodeTable } from '../../packages/symbols/src/cache/table-file.ts';
import { ElfImage } from '../../packages/symbols/src/elf/index.ts';
import { SymbolTable } from '../../packages/symbols/src/symbol-table.ts';
import { elfWithSymbols } from '../../packages/symbols/test/build-elf.ts';
import { buildUnwindTable } from '../../packages/unwind/src/elf/build-table.ts';
import { encodeTableFile } from '../../packages/unwind/src/store/table-file.ts';

const corpus = join(import.meta.dir, 'corpus');
const workshop = mkdtempSync(join(tmpdir(), 'waggle-corpus-'));

function put(target: string, name: string, content: string | Uint8Array): void {
  mkdirSync(join(corpus, target), { recursive: true });
  writeFileSync(join(corpus, target, `made-${name}`), content);
}

function run(...command: string[]): void {
  const { success, stderr } = Bun.spawnSync(command, { cwd: workshop });
  if (!success) throw new Error(`${command.join(' ')}: ${stderr}`);
}

const SOURCE = `
static __attribute__((always_inline)) inline int twice(int n) { return n * 2; }
__attribute__((noinline)) int work(int n) { char buffer[n]; buffer[0] = n; return twice(buffer[0]) + n; }
int main_of(int n) { return work(n) + twice(n); }
int other(int n) { return work(n * 3); }
`;

function objects(): void {
  writeFileSync(join(workshop, 'a.c'), SOURCE);
  const common = ['cc', '-O1', '-shared', '-fPIC', '-nostdlib', '-Wl,-z,noseparate-code'];
  const variants: Record<string, readonly string[]> = {
    dwarf4: ['-gdwarf-4', '-Wl,--build-id=sha1'],
    dwarf5: ['-gdwarf-5', '-Wl,--build-id=sha1'],
    packed: ['-gdwarf-5', '-gz=zlib'],
    bare: ['-s', '-Wl,--build-id=none', '-Wl,--hash-style=gnu'],
    frames: ['-fno-omit-frame-pointer', '-fexceptions'],
  };
  for (const [name, flags] of Object.entries(variants)) {
    run(...common, ...flags, '-o', name, 'a.c');
    for (const target of ['elf', 'elf-file', 'eh-frame-of-elf'])
      put(target, name, readFileSync(join(workshop, name)));
  }
  run('objcopy', '--only-keep-debug', 'dwarf5', 'debug');
  run('xz', '-k', '-f', 'dwarf4');
  put('xz', 'object', readFileSync(join(workshop, 'dwarf4.xz')));
  writeFileSync(join(workshop, 'text'), 'main;work;leaf '.repeat(300));
  run('xz', '-k', '-f', '--check=crc32', 'text');
  put('xz', 'text', readFileSync(join(workshop, 'text.xz')));
  run('cp', 'bare', 'mini');
  run('objcopy', '--add-section', '.gnu_debugdata=dwarf4.xz', 'mini');
  run('objcopy', '--add-gnu-debuglink=debug', 'mini');
  for (const target of ['elf', 'elf-file'])
    put(target, 'mini', readFileSync(join(workshop, 'mini')));

  const image = ElfImage.parse(new Uint8Array(readFileSync(join(workshop, 'frames'))));
  for (const [section, target] of [
    ['.eh_frame', 'eh-frame'],
    ['.eh_frame_hdr', 'eh-frame-hdr'],
  ] as const) {
    const found = image.section(section);
    if (found === undefined) throw new Error(`no ${section}`);
    const bytes = readFileSync(join(workshop, 'frames'));
    put(target, 'c', bytes.subarray(found.offset, found.offset + found.size));
  }
  put('unwind-table', 'c', encodeTableFile('ab'.repeat(32), buildUnwindTable(image)));
  const table = SymbolTable.fromElf(ElfImage.parse(elfWithSymbols([{ name: 'f', value: 0x1000 }])));
  put('symbol-table', 'small', encodeTable(table, { key: 'k', sources: [], problems: [] }));
}

function names(): void {
  const lines = Array.from({ length: 60 }, (_, index) => {
    return `${(0x7f00_0000 + index * 4096).toString(16)} ${(index * 37).toString(16)} function_${index}\n`;
  });
  put('perf-map', 'plain', lines.join(''));
  put(
    'perf-map',
    'node',
    '7f000000 40 JS:~main /srv/app.js:3:1\n7f000040 20 JS:*main /srv/app.js:3:1\n',
  );
  put(
    'kallsyms',
    'plain',
    'ffffffff81000000 T _text\nffffffff81000100 t do_work\nffffffff81000200 D data\n' +
      'ffffffffc0000000 t init_module\t[ext4]\nffffffffc0000100 W weak\t[ext4]\n',
  );
  put('kallsyms', 'hidden', '0000000000000000 T _text\n0000000000000000 t work\n');
  for (const [index, name] of [
    '_ZNSt6vectorIiSaIiEE9push_backEOi',
    '_ZSt9transformIPiZ3foovEUliE_ET0_T_S3_S2_T1_',
    '_ZN4core3ptr28drop_in_place$LT$alloc..A$GT$17h0123456789abcdefE',
    '_RNvMNtCs1234_7mycrate3fooNtB2_3Bar3baz',
    '_RNvXs5_NtC5alloc3vecINtB5_3VechENtNtC4core3fmt5Debug3fmt',
  ].entries())
    put('mangled-name', String(index), name);
  put('sampled-perf-map', 'plain', lines.join(''));
  put('sampled-perf-map', 'over', `${lines.join('')}7f000010 fffff wide\n7f000800 10 narrow\n`);
  put('jitdump', 'plain', jitDump());
  put('jit-unwinding', 'plain', jitUnwinding());
}

/** JIT_CODE_UNWINDING_INFO with two sections and padding. */
function jitUnwinding(): Uint8Array {
  const record = Buffer.alloc(40 + 32 + 20 + 4);
  record.writeUInt32LE(4, 0);
  record.writeUInt32LE(record.length, 4);
  record.writeBigUInt64LE(52n, 16);
  record.writeBigUInt64LE(20n, 24);
  record.writeBigUInt64LE(52n, 32);
  return record.fill(0x41, 40, 92);
}

/** PERF_RECORD_MMAP2, FORK, COMM with exec, and LOST, each with its trailer. */
function perfRecords(): void {
  const record = (type: number, misc: number, length: number, fill: (body: Buffer) => void) => {
    const bytes = Buffer.alloc(length + 24);
    bytes.writeUInt32LE(type, 0);
    bytes.writeUInt16LE(misc, 4);
    bytes.writeUInt16LE(bytes.length, 6);
    bytes.writeUInt32LE(7, 8);
    bytes.writeUInt32LE(7, 12);
    fill(bytes);
    return bytes;
  };
  const mapping = record(10, 2, 96, (bytes) => {
    bytes.writeBigUInt64LE(0x7f00_0000_0000n, 16);
    bytes.writeBigUInt64LE(4096n, 24);
    bytes.writeUInt32LE(5, 64);
    bytes.write('/usr/lib/libc.so.6\0', 72);
  });
  put('perf-record', 'mmap2', mapping);
  put(
    'perf-record',
    'fork',
    record(7, 0, 32, (bytes) => bytes.writeUInt32LE(3, 12)),
  );
  put(
    'perf-record',
    'exec',
    record(3, 1 << 13, 32, (bytes) => void bytes.write('sh\0', 16)),
  );
  put(
    'perf-record',
    'lost',
    record(2, 0, 24, (bytes) => bytes.writeBigUInt64LE(9n, 16)),
  );
}

/** A header, code that is loaded, moved and loaded again: tools/perf/util/jitdump.h of the kernel. */
function jitDump(): Uint8Array {
  const record = (id: number, time: number, fields: readonly bigint[], tail: string): Buffer => {
    const body = Buffer.alloc(fields.length * 8);
    for (const [index, value] of fields.entries()) body.writeBigUInt64LE(value, index * 8);
    const rest = Buffer.from(tail, 'latin1');
    const prefix = Buffer.alloc(16);
    prefix.writeUInt32LE(id, 0);
    prefix.writeUInt32LE(16 + body.length + rest.length, 4);
    prefix.writeBigUInt64LE(BigInt(time), 8);
    return Buffer.concat([prefix, body, rest]);
  };
  const header = Buffer.alloc(40);
  header.writeUInt32LE(0x4a69_5444, 0);
  header.writeUInt32LE(1, 4);
  header.writeUInt32LE(40, 8);
  header.writeUInt32LE(62, 12);
  const ids = (7n << 32n) | 7n;
  const at = 0x7f00_0000n;
  return Buffer.concat([
    header,
    record(0, 100, [ids, at, at, 8n, 1n], 'first\0\x90\x90\x90\x90\x90\x90\x90\x90'),
    record(1, 200, [ids, at, at, at + 4096n, 8n, 1n], ''),
    record(0, 300, [ids, at, at, 8n, 2n], 'JSC-DFG: second\0\x90\x90\x90\x90\x90\x90\x90\x90'),
    record(3, 400, [], ''),
  ]);
}

function proc(): void {
  const numbers = Array.from({ length: 49 }, (_, index) => index * 1000).join(' ');
  for (const target of ['proc-stat', 'proc-stat-probe']) {
    put(target, 'plain', `1234 (a.out) S ${numbers}\n`);
    put(target, 'comm', `1234 (a ) R (b) Z ${numbers}\n`);
  }
  put(
    'proc-status',
    'plain',
    'Name:\ta.out\nState:\tS (sleeping)\nTgid:\t1234\nPid:\t1234\nPPid:\t1\nUid:\t0\t0\t0\t0\n' +
      'Gid:\t0\t0\t0\t0\nGroups:\t0 4 27\nNStgid:\t1234\t7\nNSpid:\t1234\t7\nThreads:\t3\n',
  );
  const id = 'ab'.repeat(32);
  put('proc-cgroup', 'v2', `0::/system.slice/docker-${id}.scope\n`);
  put(
    'proc-cgroup',
    'v1',
    `11:memory:/docker/${id}\n10:cpu,cpuacct:/lxc.payload.web\n1:name=systemd:/\n`,
  );
  put('proc-cgroup', 'machine', '0::/machine.slice/machine-a\\x2db.scope/payload (deleted)\n');
  put('proc-cmdline', 'plain', 'node\0--flag\0\0app.js\0');
  put('proc-cmdline', 'title', 'postgres: alice\0\0\0\0');
  put('proc-environ', 'plain', 'PATH=/bin\0EMPTY=\0=bad\0none\0A=b=c\0');
  put(
    'proc-maps',
    'plain',
    '55d000000000-55d000001000 r-xp 00001000 fd:01 1234                     /usr/bin/a b (deleted)\n' +
      '7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                  [stack]\n',
  );
  put(
    'proc-mountinfo',
    'plain',
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n' +
      '40 36 0:35 / /srv/a\\040b rw shared:7 propagate_from:2 - fuse.sshfs host:\\134a rw,user_id=0\n',
  );
  put(
    'proc-limits',
    'plain',
    'Limit                     Soft Limit           Hard Limit           Units     \n' +
      'Max cpu time              unlimited            unlimited            seconds   \n' +
      'Max open files            1024                 524288               files     \n',
  );
  put(
    'proc-auxv',
    'plain',
    new Uint8Array(new BigUint64Array([17n, 100n, 6n, 4096n, 0n, 0n]).buffer),
  );
}

function kernel(): void {
  const record = (
    type: number,
    layout: { readonly size: number; readonly offset: Readonly<Record<string, number>> },
    payload: string,
    lengths: Readonly<Record<string, number>>,
    flags = 0,
  ): Uint8Array => {
    const start = layout.offset.payload ?? layout.size;
    const bytes = Buffer.alloc(start + payload.length);
    bytes.writeUInt16LE(type, 0);
    bytes.writeUInt16LE(flags, 2);
    bytes.writeUInt32LE(bytes.length, 4);
    for (const [field, value] of Object.entries(lengths))
      bytes.writeUInt32LE(value, layout.offset[field] ?? 0);
    bytes.write(payload, start, 'latin1');
    return bytes;
  };
  put(
    'bpf-record',
    'exec',
    record(
      recordType.RECORD_EXEC,
      layouts.execRecord,
      '/bin/sh\0sh\0-c\0true\0A=b\0/srv\0tty1\0',
      { filename_length: 8, argv_length: 11, environ_length: 4 },
      recordFlags.RECORD_HAS_ENVIRON | recordFlags.RECORD_HAS_DETAIL,
    ),
  );
  put('bpf-record', 'exit', record(recordType.RECORD_EXIT, layouts.exitRecord, '', {}));
  put('bpf-record', 'fork', record(recordType.RECORD_FORK, layouts.forkRecord, '', {}));
  put(
    'bpf-record',
    'failed',
    record(recordType.RECORD_FAILED_EXEC, layouts.failedExecRecord, '/bin/none\0', {}),
  );
  const cgroup = Buffer.alloc(128);
  cgroup.writeUInt16LE(recordType.RECORD_CGROUP, 0);
  put('bpf-record', 'cgroup', cgroup);
  put('btf', 'types', btf());
}

/** A header, an int, a pointer, a struct of both, and texts: include/uapi/linux/btf.h. */
function btf(): Uint8Array {
  const types = [
    [1, 1 << 24, 4, 32],
    [0, 2 << 24, 1],
    [5, (4 << 24) | 2, 16, 7, 1, 0, 9, 2, 64],
  ].flat();
  const texts = Buffer.from('\0int\0s\0a\0b\0', 'latin1');
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header.writeUInt8(1, 2);
  header.writeUInt32LE(24, 4);
  header.writeUInt32LE(0, 8);
  header.writeUInt32LE(types.length * 4, 12);
  header.writeUInt32LE(types.length * 4, 16);
  header.writeUInt32LE(texts.length, 20);
  return Buffer.concat([header, Buffer.from(new Uint32Array(types).buffer), texts]);
}

function profiles(): void {
  const frame = (name: string, more: Partial<ProfileFrame> = {}): ProfileFrame => ({
    name,
    kind: 'user',
    object: '/bin/prog',
    ...more,
  });
  const main = frame('main', { file: 'main.c', line: 3, address: 0x1234n });
  const profile: Profile = {
    stacks: [
      {
        frames: [{ name: 'prog', kind: 'process' }, main, frame('work')],
        count: 3,
        values: [3, 30],
      },
      {
        frames: [
          main,
          frame('inlined', { inlined: true, line: 9 }),
          { name: 'vfs_read', kind: 'kernel' },
        ],
        count: 2,
        values: [2, 20],
      },
    ],
    values: {
      types: [
        { type: 'samples', unit: 'count' },
        { type: 'cpu', unit: 'nanoseconds' },
      ],
      shown: 0,
    },
    metadata: {
      host: 'host',
      command: 'prog --flag',
      frequencyHz: 99,
      startTime: new Date(1e12),
      durationSeconds: 5,
      samples: 5,
      lostSamples: 1,
    },
  };
  for (const format of formats) {
    if (format.parse === undefined) continue;
    const content = format.encode(profile);
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    put(
      format.name,
      'ours',
      format.name === 'pprof' ? Bun.gunzipSync(bytes as Uint8Array<ArrayBuffer>) : bytes,
    );
    if (format.name === 'pprof') put('pprof', 'packed', bytes);
  }
  put('folded', 'counts', 'a;b 1 2\na;c 3 4\n');
  put('folded', 'odd', '# comment\n[unknown];JS:~f 0.5\r\n;; 1e3\n1\n');
  put('folded', 'zstd', zstdCompressSync(Buffer.from('main;work 3\n')));
  put('folded', 'twice', gzipSync(gzipSync('main;work 3\n')));
  put(
    'perf-script',
    'plain',
    '# hostname : host\nprog 12/13 [001] 1.5: 1000 cycles:ppp:\n\t    7f00 work+0x1 (/bin/prog)\n' +
      '\t    7f10 main (inlined)\n  a.c:3\n\tffffffff81000000 do_idle ([kernel.kallsyms])\n\n' +
      'prog 12 2.5: cpu-clock: \n\t 7f00 [unknown] (/tmp/perf-12.map)\n\n',
  );
  put('perf-script', 'fields', 'prog  1.5:\n\t work\n\t main\n\nprog\n            7f00 work\n\n');
  put(
    'otlp-json',
    'plain',
    JSON.stringify({
      resourceProfiles: [
        {
          scopeProfiles: [
            {
              profiles: [
                { sampleType: { typeStrindex: 1 }, samples: [{ stackIndex: 1, values: ['3'] }] },
              ],
            },
          ],
        },
      ],
      dictionary: {
        stringTable: ['', 'samples', 'main'],
        functionTable: [{}, { nameStrindex: 2 }],
        locationTable: [{}, { lines: [{ functionIndex: 1 }] }],
        stackTable: [{}, { locationIndices: [1] }],
      },
    }),
  );
  put(
    'speedscope',
    'evented',
    JSON.stringify({
      shared: { frames: [{ name: 'main' }, { name: 'work', file: 'a.c', line: 3 }] },
      profiles: [
        {
          type: 'evented',
          unit: 'milliseconds',
          startValue: 0,
          endValue: 9,
          events: [
            { type: 'O', frame: 0, at: 0 },
            { type: 'O', frame: 1, at: 2 },
            { type: 'C', frame: 1, at: 5 },
            { type: 'C', frame: 0, at: 9 },
          ],
        },
      ],
    }),
  );
  const callFrame = { functionName: 'main', url: 'file:///a.js' };
  put(
    'chrome',
    'cpu',
    JSON.stringify({
      nodes: [
        { id: 1, callFrame: { functionName: '(root)' }, children: [2] },
        { id: 2, callFrame, hitCount: 2 },
      ],
      startTime: 0,
      endTime: 9,
      samples: [2, 2],
      timeDeltas: [1, 3],
    }),
  );
  put('chrome', 'heap', JSON.stringify({ head: { callFrame, selfSize: 8, children: [] } }));
  put(
    'chrome',
    'trace',
    JSON.stringify([
      { ph: 'M', name: 'thread_name', pid: 1, tid: 2, args: { name: 'CrRendererMain' } },
      { ph: 'P', name: 'Profile', pid: 1, tid: 2, id: '0x1', args: { data: { startTime: 0 } } },
      {
        ...{ ph: 'P', name: 'ProfileChunk', pid: 1, tid: 3, id: '0x1' },
        args: {
          data: { cpuProfile: { nodes: [{ id: 1, callFrame }], samples: [1] }, timeDeltas: [5] },
        },
      },
    ]),
  );
}

function command(): void {
  for (const [index, text] of [
    '1234,5',
    '0.5',
    '99',
    '10/s',
    '^node$',
    '64M',
    '(a+)+$',
    '[',
  ].entries())
    put('options', String(index), text);
  put(
    'agent',
    'plain',
    JSON.stringify({
      plugins: [
        { name: 'a', needs: ['kernel', 'b'], provides: 'a', spec: { setup: 'FUNCTION' } },
        { name: 'b', needs: [], provides: 'b', spec: { setup: 'FUNCTION' } },
      ],
    }),
  );
}

try {
  objects();
  names();
  perfRecords();
  proc();
  kernel();
  profiles();
  command();
} finally {
  rmSync(workshop, { recursive: true });
}
