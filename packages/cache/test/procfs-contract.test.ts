/** One contract, two implementations: the real /proc about this process, and the one in memory. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { type Procfs, ProcfsError, RealProcfs } from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

const NOBODY = 2 ** 22 + 1; // above the largest pid_max

const memory = new MemoryProcfs();
memory.spawn(process.pid, {
  cmdline: ['x', 'y'],
  environ: { A: '1' },
  limits: { 'Max open files': { soft: 1024, hard: Number.POSITIVE_INFINITY } },
  maps: [
    {
      ...{ start: 0x1000, end: 0x2000, permissions: 'r-xp', fileOffset: 0 },
      ...{ device: '8:1', inode: 5n, path: '/bin/x', deleted: false },
    },
  ],
});

const implementations: Record<string, Procfs> = {
  RealProcfs: new RealProcfs(),
  MemoryProcfs: memory,
};

for (const [name, procfs] of Object.entries(implementations)) {
  test(`${name}: a living process`, async () => {
    const { pid } = process;
    const stat = procfs.stat(pid);
    const probe = procfs.probe(pid);
    assert.equal(procfs.clockTicksPerSecond, 100);
    assert.ok(procfs.pids().includes(pid));
    assert.equal(stat.pid, pid);
    assert.deepEqual(probe, {
      startTimeTicks: stat.startTimeTicks,
      layoutFingerprint: stat.layoutFingerprint,
      ended: false,
    });
    assert.ok(probe.startTimeTicks > 0 && probe.layoutFingerprint > 0);
    assert.ok(stat.comm.length > 0 && stat.ppid > 0);
    assert.equal(procfs.status(pid).tgid, pid);
    assert.equal(procfs.status(pid).ppid, stat.ppid);
    assert.ok(procfs.cmdline(pid).args.length > 1);
    assert.deepEqual(await procfs.cmdlineAsync(pid), procfs.cmdline(pid));
    assert.ok(procfs.environ(pid).variables.size > 0);
    assert.deepEqual(await procfs.environAsync(pid), procfs.environ(pid));
    assert.match(procfs.exe(pid)?.path ?? '', /^\//);
    assert.match(procfs.cwd(pid), /^\//);
    assert.match(procfs.cgroup(pid).path, /^\//);
    assert.ok(procfs.namespace(pid, 'mnt') > 0);
    assert.ok(procfs.namespace(pid, 'pid') > 0);
  });

  test(`${name}: what a process has mapped and mounted, and its limits`, () => {
    const { pid } = process;
    const maps = procfs.maps(pid);
    const text = maps.find(({ permissions, inode }) => permissions[2] === 'x' && inode > 0n);
    assert.match(text?.path ?? '', /^\//);
    assert.ok(maps.every(({ start, end }) => start < end));
    assert.ok(maps.every(({ start }, index) => start >= (maps[index - 1]?.end ?? 0)));
    const root = procfs.mountinfo(pid).find(({ mountPoint }) => mountPoint === '/');
    assert.match(root?.device ?? '', /^\d+:\d+$/);
    const files = procfs.limits(pid).get('Max open files');
    assert.ok(files !== undefined && files.soft > 0 && files.hard >= files.soft);
  });

  test(`${name}: self is whoever asks`, () => {
    const { pid } = process;
    assert.deepEqual(procfs.limits('self'), procfs.limits(pid));
    assert.deepEqual(procfs.mountinfo('self'), procfs.mountinfo(pid));
    assert.equal(procfs.maps('self')[0]?.path, procfs.maps(pid)[0]?.path);
    assert.equal(procfs.namespace('self', 'mnt'), procfs.namespace(pid, 'mnt'));
  });

  test(`${name}: nobody there is gone`, async () => {
    const gone = (error: unknown): boolean =>
      error instanceof ProcfsError && error.code === 'gone' && error.pid === NOBODY;
    for (const read of [
      'probe',
      'stat',
      'status',
      'cmdline',
      'environ',
      'exe',
      'cwd',
      'cgroup',
      'maps',
      'mountinfo',
      'limits',
    ] as const) {
      assert.throws(() => procfs[read](NOBODY), gone, read);
    }
    assert.throws(() => procfs.namespace(NOBODY, 'net'), gone);
    await assert.rejects(procfs.cmdlineAsync(NOBODY), gone);
    await assert.rejects(procfs.environAsync(NOBODY), gone);
  });
}
