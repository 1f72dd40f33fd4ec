/** The texts of proc(5), with what hostile and unusual processes put into them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  boottimeFromTicks,
  clockTicksFromAuxv,
  containerIdFromCgroup,
  containerIdFromPath,
  EXEC_IN_PROGRESS,
  ProcfsError,
  parseCgroup,
  ticksFromBoottime,
} from '../src/index.ts';
import { firstWord, parseCmdline } from '../src/procfs/cmdline.ts';
import { parseEnviron } from '../src/procfs/environ.ts';
import { type ImageLayout, layoutFingerprintOf } from '../src/procfs/layout-fingerprint.ts';
import { parseLimits } from '../src/procfs/limits.ts';
import { MapsParser, parseMaps as parseMapsOf } from '../src/procfs/maps.ts';
import { parseMountinfo } from '../src/procfs/mountinfo.ts';
import { parseProbe, parseStat } from '../src/procfs/stat.ts';
import { parseStatus } from '../src/procfs/status.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const AFTER_COMM =
  'S 1 42 42 34816 42 4194560 1 0 0 0 7 3 0 0 20 0 5 0 252050 6638366720 7985 ' +
  '18446744073709551615 27528448 109354128 140733877985040 0 0\n';

test('stat: any name, spaces, parentheses and newlines in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 15 }), (name) => {
      const comm = name.replaceAll('\0', '');
      const bytes = encode(`42 (${comm}) ${AFTER_COMM}`);
      const stat = parseStat(bytes, bytes.length, 42);
      assert.equal(stat.comm, new TextDecoder().decode(encode(comm)));
      assert.deepEqual(
        [stat.pid, stat.state, stat.ppid, stat.ttyNr, stat.numThreads, stat.startTimeTicks],
        [42, 'S', 1, 34816, 5, 252050],
      );
      const probe = parseProbe(bytes, bytes.length, 42);
      assert.deepEqual(probe, {
        startTimeTicks: stat.startTimeTicks,
        layoutFingerprint: stat.layoutFingerprint,
        ended: false,
      });
    }),
  );
  const evil = encode(`42 (a) R 1 (b\n) Z) ${AFTER_COMM}`);
  assert.equal(parseStat(evil, evil.length, 42).comm, 'a) R 1 (b\n) Z');
});

test('stat: ended is a zombie without threads, or the last thread on its way out', () => {
  const ended = (state: string, flags: number, threads: number): boolean => {
    const line = encode(
      `42 (x) ${state} 1 2 3 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 ${threads} 0 9 0 0 0 0 0 0\n`,
    );
    assert.equal(parseStat(line, line.length, 42).ended, parseProbe(line, line.length, 42).ended);
    return parseProbe(line, line.length, 42).ended;
  };
  assert.equal(ended('Z', 4, 1), true);
  assert.equal(ended('X', 4, 0), true);
  assert.equal(ended('R', 4, 1), true);
  assert.equal(ended('Z', 4, 3), false);
  assert.equal(ended('S', 4194560, 1), false);
});

test('stat: a layout fingerprint, none to be had, or an exec under way', () => {
  const fingerprint = (flags: number, startCode: number, startStack: number): number => {
    const line = encode(
      `42 (x) S 1 2 3 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0 0 ${startCode} 0 ${startStack} 0\n`,
    );
    const probe = parseProbe(line, line.length, 42);
    assert.equal(parseStat(line, line.length, 42).layoutFingerprint, probe.layoutFingerprint);
    return probe.layoutFingerprint;
  };
  assert.ok(fingerprint(0x400000, 4096, 140733877985040) > 0);
  assert.notEqual(
    fingerprint(0x400000, 4096, 140733877985040),
    fingerprint(0x400000, 4096, 140733877985056),
  );
  assert.equal(fingerprint(0x400000, 1, 0), 0, 'no ptrace access');
  assert.equal(fingerprint(0x208040, 0, 0), 0, 'kernel thread');
  assert.equal(fingerprint(0x400000, 0, 0), EXEC_IN_PROGRESS);
  assert.equal(fingerprint(0x400000, 0, 140733877985040), EXEC_IN_PROGRESS);
});

test('stat: text that is none is malformed, never a number out of the blue', () => {
  const whole = `42 (x) ${AFTER_COMM}`;
  for (const text of ['', '42', '42 (x', '42 (x)', '42 (x) S', '42 (x) S 1 2 a b c']) {
    const bytes = encode(text);
    const isMalformed = (error: unknown): boolean =>
      error instanceof ProcfsError && error.code === 'malformed';
    assert.throws(() => parseStat(bytes, bytes.length, 42), isMalformed, text);
    assert.throws(() => parseProbe(bytes, bytes.length, 42), isMalformed, text);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        parseStat(bytes, bytes.length, 42);
      } catch (error) {
        assert.ok(error instanceof ProcfsError);
      }
    }),
  );
  const bytes = encode(whole);
  assert.equal(parseProbe(bytes, bytes.length, 42).startTimeTicks, 252050);
});

test('status', () => {
  const status = parseStatus(
    'Name:\tUid:\\n\nTgid:\t42\nPid:\t43\nPPid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t42\t7\nSigCgt:\t0000000180014004\n',
    43,
  );
  assert.deepEqual([status.name, status.tgid, status.pid, status.ppid], ['Uid:\\n', 42, 43, 1]);
  assert.deepEqual(status.uid, { real: 1, effective: 2, saved: 3, fs: 4 });
  assert.equal(status.gid.real, 5);
  assert.deepEqual(status.nspid, [42, 7]);
  assert.equal(status.caughtSignals, 0x180014004n);
  assert.throws(() => parseStatus('Name:\tx\n', 1), ProcfsError);
});

test('cmdline: any arguments come back, empty ones too', () => {
  const argument = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1 }), (args) => {
      fc.pre(args.length === 1 || args.slice(1).some((text) => text !== ''));
      const bytes = encode(`${args.join('\0')}\0`);
      assert.deepEqual(parseCmdline(bytes), args);
    }),
  );
  assert.deepEqual(parseCmdline(encode('cmd\0\0')), ['cmd', '']);
});

test('cmdline: kernel threads, rewritten titles, padding, bytes that are no text', () => {
  assert.deepEqual(parseCmdline(encode('')), []);
  assert.deepEqual(parseCmdline(encode('nginx: worker process')), ['nginx: worker process']);
  assert.deepEqual(parseCmdline(encode('sshd: alice   ')), ['sshd: alice']);
  assert.deepEqual(parseCmdline(encode('redis *:6379\0\0')), ['redis *:6379']);
  assert.deepEqual(parseCmdline(encode('worker\0\0\0\0')), ['worker']);
  const bytes = [0x61, 0xff, 0xe6, 0x97, 0xef, 0xbb, 0xbf, 0xef, 0xbf, 0xbd, 0];
  assert.deepEqual(parseCmdline(new Uint8Array(bytes)), ['a\udcff\udce6\udc97\ufeff\ufffd']);
  assert.deepEqual(parseCmdline(encode('cc\0a b'), true), ['cc', 'a b']);
  assert.equal(firstWord(['postgres: writer']), 'postgres:');
  assert.equal(firstWord([]), '');
});

test('environ: first of equal names, no half values', () => {
  assert.deepEqual(
    [...parseEnviron(encode('A=1\0B=x=y\0A=2\0=z\0junk\0C=\0'))],
    [
      ['A', '1'],
      ['B', 'x=y'],
      ['C', ''],
    ],
  );
  assert.deepEqual([...parseEnviron(encode('A=1\0TOKEN=hal'), true)], [['A', '1']]);
});

const ID = '0123456789abcdef'.repeat(4);
const OUTER = 'f'.repeat(64);
const POD = 'pod1b4e28ba_2fa1_11d2_883f_0016d3cca427';
const PATHS: [string, string | undefined][] = [
  [`/docker/${ID}`, ID],
  [`/system.slice/docker-${ID}.scope`, ID],
  [`/docker/${OUTER}/docker/${ID}`, ID],
  [`/kubepods/burstable/pod1b4e28ba-2fa1/${ID}`, ID],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${POD}.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  [`/kubepods.slice/kubepods-${POD}.slice/crio-${ID}.scope`, ID],
  [`/kubepods.slice/kubepods-${POD}.slice/crio-${ID}.scope/container`, ID],
  [`/system.slice/containerd.service/kubepods-${POD}.slice:cri-containerd:${ID}`, ID],
  [`/machine.slice/libpod-${ID}.scope/container`, ID],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, ID],
  [`/libpod_parent/libpod-${ID}`, ID],
  [`/ecs/b43f1c1bf2a04f8ab0c4c3b1e5dd2a11/${ID}`, ID],
  [
    '/ecs/b43f1c1bf2a04f8ab0c4c3b1e5dd2a11/b43f1c1bf2a04f8ab0c4c3b1e5dd2a11-2531612879',
    'b43f1c1bf2a04f8ab0c4c3b1e5dd2a11-2531612879',
  ],
  ['/lxc.payload.web-1', 'web-1'],
  ['/lxc.payload.web/system.slice/ssh.service', 'web'],
  ['/lxc.payload/web/init.scope', 'web'],
  ['/lxc/web', 'web'],
  [`/lxc.payload.web/docker/${ID}`, ID],
  [`/docker/${ID}/lxc.payload.inner`, 'inner'],
  [`/docker/${ID}/system.slice/cron.service`, ID],
  ['/machine.slice/machine-web.scope/payload/system.slice', 'web'],
  ['/machine.slice/machine-web\\x2d1.scope', 'web-1'],
  ['/machine.slice/systemd-nspawn@web.service/payload', 'web'],
  ['/machine.slice/systemd-nspawn@web.service/supervisor', undefined],
  ['/machine.slice/machine-qemu\\x2d1\\x2dvm.scope', undefined],
  ['/system.slice/machine-web.scope', undefined],
  ['/lxc.monitor.web', undefined],
  ['/lxc.monitor/web', undefined],
  ['/lxc', undefined],
  [`/machine.slice/libpod-conmon-${ID}.scope`, undefined],
  [`/kubepods.slice/crio-conmon-${ID}.scope`, undefined],
  ['/user.slice/user-1000.slice/session-3.scope', undefined],
  ['/', undefined],
  [`/build/${ID}0`, undefined],
];

test('containers of docker, containerd, cri-o, podman, kubernetes, ecs, LXC and nspawn', () => {
  for (const [path, id] of PATHS) {
    assert.equal(containerIdFromPath(path), id, path);
    assert.equal(containerIdFromCgroup(`0::${path}\n`), id, path);
    assert.equal(containerIdFromCgroup(`4:memory:${path}\n0::/\n`), id, `hybrid ${path}`);
    assert.equal(containerIdFromCgroup(`0::${path} (deleted)\n`), id, `deleted ${path}`);
  }
});

test('cgroup: v2, v1 and hybrid hosts', () => {
  assert.deepEqual(parseCgroup('0::/a:b\n'), { path: '/a:b', version: 2 });
  assert.deepEqual(parseCgroup('0::/gone (deleted)\n'), { path: '/gone', version: 2 });
  assert.deepEqual(parseCgroup('3:cpu,cpuacct:/\n4:memory:/m\n0::/\n'), { path: '/m', version: 1 });
  assert.deepEqual(parseCgroup('9:name=systemd:/s\n4:memory:/\n'), { path: '/s', version: 1 });
  assert.equal(parseCgroup('nonsense'), undefined);
  // systemd's hybrid set-up has services in v2, too; the container is where runc put it.
  const hybrid = `5:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/system.slice/docker.service\n`;
  assert.equal(containerIdFromCgroup(hybrid), ID);
  assert.equal(containerIdFromCgroup(`1:name=elogind:/docker/${ID}\n4:memory:/m\n`), ID);
});

test('clock ticks from the auxiliary vector', () => {
  const words = new BigUint64Array([6n, 4096n, 17n, 250n, 0n, 0n]);
  assert.equal(clockTicksFromAuxv(new Uint8Array(words.buffer)), 250);
  assert.equal(
    clockTicksFromAuxv(new Uint8Array(new BigUint64Array([0n, 0n, 17n, 1n]).buffer)),
    undefined,
  );
  assert.equal(clockTicksFromAuxv(new Uint8Array(3)), undefined);
  assert.equal(ticksFromBoottime(2_520_509_999_999n, 100), 252050);
  assert.equal(boottimeFromTicks(252050, 100), 2_520_500_000_000n);
  assert.equal(boottimeFromTicks(1, 1024), 976_562n);
});

test('ticks from nanoseconds: exact on both sides of every tick, in doubles and beyond', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 3_000_000_000n }),
      fc.constantFrom(-1n, 0n, 1n),
      (tick, off) => {
        const ns = tick * 10_000_000n + off;
        assert.equal(ticksFromBoottime(ns, 100), Number(ns / 10_000_000n));
      },
    ),
  );
});

test('layout fingerprint: every part of the layout counts, and the whole stays exact', () => {
  const layout: ImageLayout = {
    startCode: 0x5555_5555_6000,
    endCode: 0x5555_5556_a000,
    startStack: 0x7fff_ffff_e3d0,
    endData: 0x5555_5557_f000,
    argStart: 0x7fff_ffff_e6b0,
    envStart: 0x7fff_ffff_e6ba,
    envEnd: 0x7fff_ffff_efe9,
  };
  const fingerprint = layoutFingerprintOf(layout, 42);
  assert.ok(Number.isSafeInteger(fingerprint) && fingerprint > 0);
  assert.equal(layoutFingerprintOf({ ...layout }, 42), fingerprint);
  assert.notEqual(layoutFingerprintOf(layout, 43), fingerprint);
  const fingerprints = new Set([fingerprint]);
  for (const part of Object.keys(layout) as (keyof ImageLayout)[]) {
    // A byte, a page, and what only the upper half of the number shows.
    for (const by of [1, 16, 4096, 2 ** 32, 2 ** 40]) {
      fingerprints.add(layoutFingerprintOf({ ...layout, [part]: layout[part] + by }, 42));
    }
  }
  assert.equal(fingerprints.size, 1 + 7 * 5);
});

const parseMaps = (text: string) => parseMapsOf(new TextEncoder().encode(text));

test('maps: what comes in pieces is what comes at once, and paths that come again are one string', () => {
  const path = `/${'d'.repeat(4000)}/f`;
  const lines = Array.from({ length: 300 }, (_, at) => {
    const start = (0x1000 * (2 * at + 1)).toString(16);
    const end = (0x1000 * (2 * at + 2)).toString(16);
    return `${start}-${end} r-xp 00000000 08:01 ${at % 3} ${at % 3 === 0 ? '' : `${path}${at % 3}`}`;
  });
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  const parser = new MapsParser();
  for (let from = 0; from < bytes.length; from += 977) parser.add(bytes.subarray(from, from + 977));
  assert.deepEqual(parser.end(), parseMapsOf(bytes));
  assert.equal(parseMapsOf(bytes).length, 300);
  assert.deepEqual(
    [...new Set(parseMapsOf(bytes).map((entry) => entry.path))],
    ['', `${path}1`, `${path}2`],
  );
});

test('maps: of code alone, with the file in front of what has no name, however it comes', () => {
  const text = [
    '10-20 r--p 00000000 08:01 7 /usr/lib/libexecxp .so',
    '20-30 r-xp 00001000 08:01 7 /usr/lib/libexecxp .so',
    '30-40 rw-p 00000000 00:00 0 ',
    '40-50 rwxp 00000000 00:00 0 ',
    '50-60 r-xp 00000000 00:00 0 ',
    '60-70 r--s 00000000 08:01 9 /data/xs xp a',
    '70-80 rw-p 00000000 00:00 0                  [anon: a/b xp c]',
    '80-90 r-xs 00000000 00:00 0 ',
    '90-a0 r-xp 00000000 00:01 3 /memfd:jit (deleted)',
    'a0-b0 r-xp 00000000 00:00 0                  [vdso]',
    'b0-c0 rw-p 00000000 00:00 0 ',
  ].join('\n');
  const bytes = new TextEncoder().encode(`${text}\n`);
  const all = parseMapsOf(bytes);
  const wanted = [1, 3, 4, 5, 7, 8, 9].map((line) => all[line]);
  for (let size = 1; size <= bytes.length; size++) {
    const parser = new MapsParser('code');
    for (let from = 0; from < bytes.length; from += size)
      parser.add(bytes.subarray(from, from + size));
    assert.deepEqual(parser.end(), wanted);
  }
  const cut = new MapsParser('code');
  cut.add(bytes.subarray(0, text.indexOf('[vdso]')));
  assert.deepEqual(cut.end().at(-1), { ...all[9], path: '' });
});

test('maps: of a process with more paths than any program, the first', () => {
  const lines = Array.from({ length: 5000 }, (_, at) => {
    const start = (0x1000 * (2 * at + 1)).toString(16);
    return `${start}-${start}f r-xp 00000000 08:01 ${at + 1} /${'d'.repeat(4080)}${at}`;
  });
  const { length } = parseMaps(lines.join('\n'));
  assert.ok(length > 4000 && length < 5000);
});

test('maps: files, memory, names with everything in them, and a line that was cut', () => {
  const line = (rest: string): string => `55d0c8a00000-55d0c8a21000 r-xp 00001000 08:1f ${rest}`;
  const parsed = (rest: string) => parseMaps(`${line(rest)}\n`)[0];
  assert.deepEqual(parsed('131                        /usr/bin/a b'), {
    start: 0x55d0c8a00000,
    end: 0x55d0c8a21000,
    permissions: 'r-xp',
    fileOffset: 0x1000,
    device: '8:31',
    inode: 131n,
    path: '/usr/bin/a b',
    deleted: false,
  });
  assert.deepEqual(
    ['7  /tmp/x (deleted)', '7  /tmp/a\\012b', '0 ', '0  [heap]', '0  (deleted)'].map((rest) => {
      const { path, deleted } = parsed(rest) ?? {};
      return [path, deleted];
    }),
    [
      ['/tmp/x', true],
      ['/tmp/a\nb', false],
      ['', false],
      ['[heap]', false],
      ['(deleted)', false],
    ],
  );
  const vsyscall =
    'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]';
  assert.equal(parseMaps(vsyscall)[0]?.start, 0xffffffffff600000);
  assert.equal(parseMaps(`${line('1 /a')}\n55d0c8a21000-55d0`).length, 1);
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMaps(text))));
});

test('mountinfo: optional fields or none, and escapes', () => {
  const text = [
    '22 1 0:20 / / rw,relatime shared:1 master:2 - overlay overlay rw,lowerdir=/a:/b',
    '36 22 98:0 /sub\\040dir /mnt\\011x\\134y rw - ext3 /dev/root\\040x rw,errors=continue',
    '40 22 not a line',
    '',
  ].join('\n');
  assert.deepEqual(parseMountinfo(text), [
    {
      id: 22,
      parentId: 1,
      device: '0:20',
      root: '/',
      mountPoint: '/',
      type: 'overlay',
      source: 'overlay',
    },
    {
      id: 36,
      parentId: 22,
      device: '98:0',
      root: '/sub dir',
      mountPoint: '/mnt\tx\\y',
      type: 'ext3',
      source: '/dev/root x',
    },
  ]);
  fc.assert(fc.property(fc.string(), (noise) => Array.isArray(parseMountinfo(noise))));
});

test('limits: by name, with and without a unit, and unlimited ones', () => {
  const limits = parseLimits(
    [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max cpu time              unlimited            unlimited            seconds   ',
      'Max open files            1024                 524288               files     ',
      'Max nice priority         0                    0                    ',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    [...limits],
    [
      ['Max cpu time', { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY }],
      ['Max open files', { soft: 1024, hard: 524288 }],
      ['Max nice priority', { soft: 0, hard: 0 }],
    ],
  );
});
