import { afterAll, expect, test } from 'bun:test';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryUnderRoot, openUnderRoot } from './chroot-path.ts';
import { isOwnRoot, LocalMounts } from './local-mounts.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-local-mounts-'));
afterAll(() => rmSync(folder, { recursive: true }));
const canMount = process.getuid?.() === 0 && existsSync('/dev/fuse');

test('mounts of the kernel itself are looked into', () => {
  const top = openSync('/', 'r');
  const mounts = new LocalMounts('/', top);
  for (const path of ['/proc', '/usr', '/']) {
    const fd = openSync(path, 'r');
    expect([path, mounts.has(fd)]).toEqual([path, true]);
    closeSync(fd);
  }
  closeSync(top);
});

test('the root of this process is its own, by whichever name, and no folder is', () => {
  expect(['/', '/proc/self/root', '/usr', '/proc/self/none'].map(isOwnRoot)).toEqual([
    ...[true, true, false, false],
  ]);
});

test.skipIf(!canMount)(
  '[optional] one of a process that does not answer is not, by whichever root',
  async () => {
    const path = join(folder, 'dead');
    mkdirSync(path);
    const options = 'rootmode=40000,user_id=0,group_id=0,allow_other';
    const mount = `exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,${options} dead "$0" && echo up && read -r _`;
    const holder = Bun.spawn(['sh', '-c', mount, path], { stdin: 'pipe', stdout: 'pipe' });
    try {
      const { value } = await holder.stdout.getReader().read();
      if (value === undefined) return;
      for (const root of ['/', `/proc/${process.pid}/root`]) {
        expect(openUnderRoot(root, `${path}/file`)).toBeUndefined();
        expect(openUnderRoot(root, `${path}/deep/../file`)).toBeUndefined();
        expect(openDirectoryUnderRoot(root, path)).toBeUndefined();
      }
    } finally {
      holder.stdin.end();
      Bun.spawnSync(['umount', '-l', path]);
      await holder.exited;
    }
  },
);
