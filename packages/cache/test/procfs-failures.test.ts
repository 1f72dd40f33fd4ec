/** What the kernel does to a reader: short reads, EINTR, ESRCH after open, EACCES, no end. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import {
  ProcessMetadataCache,
  ProcfsError,
  type ProcfsErrorCode,
  type ProcfsIo,
  type ProcfsLimits,
  RealProcfs,
} from '../src/index.ts';

const STAT = '7 (x) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0 0 5 0 6\n';

interface Play {
  readonly limits?: ProcfsLimits;
  readonly files?: Record<string, string>;
  readonly links?: Record<string, string>;
  /** Most bytes that one read gives. */
  readonly chunk?: number;
  /** Errno per call: consumed from the front, `undefined` lets a call through. */
  readonly openErrors?: (string | undefined)[];
  readonly readErrors?: (string | undefined)[];
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** A kernel that plays `Play`, and counts what stays open. */
function play(what: Play) {
  const { files = {}, links = {}, chunk = 1 << 20, limits = {} } = what;
  const { openErrors = [], readErrors = [] } = what;
  const open = new Map<number, { bytes: Uint8Array; at: number }>();
  let fds = 2;
  const read = (fd: number, into: Uint8Array, offset: number, length: number): number => {
    const error = readErrors.shift();
    if (error !== undefined) throw systemError(error);
    const file = open.get(fd);
    assert.ok(file !== undefined);
    const part = file.bytes.subarray(file.at, file.at + Math.min(length, chunk));
    into.set(part, offset);
    file.at += part.length;
    return part.length;
  };
  const openSync = (path: string): number => {
    const error = openErrors.shift();
    if (error !== undefined) throw systemError(error);
    const text = files[path];
    if (text === undefined) throw systemError('ENOENT');
    open.set(++fds, { bytes: new TextEncoder().encode(text), at: 0 });
    return fds;
  };
  const io: ProcfsIo = {
    openSync,
    readSync: read,
    closeSync: (fd) => void open.delete(fd),
    readlinkSync: (path) => {
      const error = openErrors.shift();
      if (error !== undefined) throw systemError(error);
      const target = links[path];
      if (target === undefined) throw systemError('ENOENT');
      return target;
    },
    readdirSync: (path) =>
      Object.keys({ '/proc/self/stat': '', ...files, ...links })
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1).split('/')[0] ?? ''),
    statSync: () => ({ dev: 1, ino: 1, nlink: 1 }),
    open: async (path) => {
      const fd = openSync(path);
      return {
        read: async (into, offset, length) => ({ bytesRead: read(fd, into, offset, length) }),
        close: async () => void open.delete(fd),
      };
    },
  };
  const procfs = new RealProcfs({ io, limits });
  return { procfs, leaked: () => open.size };
}

function codeOf(read: () => unknown): ProcfsErrorCode {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ProcfsError);
    return error.code;
  }
  throw new Error('no error');
}

test('short reads and EINTR are made up for', async () => {
  const files = {
    '/proc/7/stat': STAT,
    '/proc/7/cmdline': 'some\0program\0',
    '/proc/7/environ': 'A=1\0B=2\0',
  };
  const readErrors = ['EINTR', undefined, 'EINTR', 'EINTR'];
  const { procfs, leaked } = play({ files, chunk: 1, openErrors: ['EINTR'], readErrors });
  assert.equal(procfs.stat(7).startTimeTicks, 99);
  assert.equal(procfs.probe(7).layoutFingerprint, procfs.stat(7).layoutFingerprint);
  assert.deepEqual(procfs.cmdline(7), { args: ['some', 'program'], truncated: false });
  assert.equal(procfs.environ(7).variables.size, 2);
  assert.deepEqual((await procfs.cmdlineAsync(7)).args, ['some', 'program']);
  assert.equal((await procfs.environAsync(7)).variables.get('B'), '2');
  assert.equal(leaked(), 0);
});

test('an interruption without end is an error, not a hang', () => {
  const { procfs } = play({
    files: { '/proc/7/stat': STAT },
    readErrors: Array(200).fill('EINTR'),
  });
  assert.equal(
    codeOf(() => procfs.stat(7)),
    'io',
  );
});

test('gone, denied and other failures are told apart, and nothing stays open', () => {
  const files = { '/proc/7/stat': STAT };
  const cases: [Play, ProcfsErrorCode][] = [
    [{}, 'gone'],
    [{ files, readErrors: ['ESRCH'] }, 'gone'],
    [{ files, openErrors: ['EACCES'] }, 'denied'],
    [{ files, readErrors: ['EPERM'] }, 'denied'],
    [{ files, openErrors: ['EMFILE'] }, 'io'],
    [{ files, readErrors: ['EIO'] }, 'io'],
    [{ files: { '/proc/7/stat': '' } }, 'malformed'],
  ];
  for (const [what, code] of cases) {
    const { procfs, leaked } = play(what);
    assert.equal(
      codeOf(() => procfs.probe(7)),
      code,
    );
    assert.equal(leaked(), 0);
  }
  const { procfs } = play({ openErrors: ['EACCES'] });
  assert.equal(
    codeOf(() => procfs.exe(7)),
    'denied',
  );
  assert.equal(
    codeOf(() => play({}).procfs.exe(7)),
    'gone',
  );
});

test('no executable: a kernel thread; zombies are gone', () => {
  const thread = play({ files: { '/proc/7/stat': STAT, '/proc/7/cmdline': '' } }).procfs;
  assert.equal(thread.exe(7), undefined);
  assert.deepEqual(thread.cmdline(7).args, []);
  const zombie = STAT.replace(' S ', ' Z ').replace('-1 0', '-1 4');
  const { procfs } = play({ files: { '/proc/7/stat': zombie, '/proc/7/cmdline': '' } });
  assert.equal(
    codeOf(() => procfs.cmdline(7)),
    'gone',
  );
  assert.equal(
    codeOf(() => procfs.exe(7)),
    'gone',
  );
});

test('a leader that ended before its threads is read through a thread', () => {
  const stat = STAT.replace(' S ', ' Z ').replace('-1 0', '-1 4').replace('20 0 1', '20 0 2');
  const { procfs } = play({
    files: {
      '/proc/7/stat': stat,
      '/proc/7/cmdline': '',
      '/proc/7/task/7/cmdline': '',
      '/proc/7/task/8/cmdline': 'server\0-d\0',
      '/proc/7/task/8/environ': 'A=1\0',
    },
    links: { '/proc/7/task/8/exe': '/bin/server', '/proc/7/task/8/cwd': '/srv' },
  });
  assert.deepEqual(procfs.cmdline(7).args, ['server', '-d']);
  assert.equal(procfs.environ(7).variables.get('A'), '1');
  assert.deepEqual(procfs.exe(7), { path: '/bin/server', deleted: false });
  assert.equal(procfs.cwd(7), '/srv');
});

test('sizes are limited, and what is cut is marked', () => {
  const files = { '/proc/7/cmdline': `${'x'.repeat(9000)}\0`, '/proc/7/environ': 'A=1\0B=2\0' };
  const { procfs } = play({ files });
  assert.equal(procfs.cmdline(7).truncated, false);
  for (const [limit, truncated] of [
    [9000, true],
    [9001, false],
    [5000, true],
  ] as const) {
    const read = play({ files, limits: { cmdlineBytes: limit } }).procfs.cmdline(7);
    assert.deepEqual([read.truncated, read.args[0]?.length], [truncated, Math.min(limit, 9000)]);
  }
});

test('" (deleted)" is cut off a link, but not off a file that is called so', () => {
  const links = { '/proc/7/exe': '/tmp/x (deleted)' };
  // The played statSync says that link and name are one file.
  assert.deepEqual(play({ links }).procfs.exe(7), { path: '/tmp/x (deleted)', deleted: false });
});

test('an environment that is cut says so, through the entry too', async () => {
  const { pid } = process;
  const procfs = new RealProcfs({ limits: { environBytes: 20, cmdlineBytes: 5 } });
  for (const load of ['load', 'loadAsync'] as const) {
    const cache = new ProcessMetadataCache({ capacity: 1, procfs });
    const entry = await cache.getOrLoad(pid)?.[load]();
    assert.deepEqual([entry?.environTruncated, entry?.cmdlineTruncated], [true, true]);
    assert.equal(entry?.inspect().environTruncated, true);
  }
  const whole = new ProcessMetadataCache({ capacity: 1 }).getOrLoad(pid);
  assert.deepEqual([whole?.environTruncated, whole?.cmdlineTruncated], [false, false]);
});
