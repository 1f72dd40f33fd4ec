import { expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import { FileSystems } from './file-systems.ts';

const mount = (id: number, mountPoint: string, device: string, type: string) => ({
  ...{ id, parentId: 1, device, root: '/', mountPoint, type, source: 'none' },
});
const on = (device: string) => ({
  ...{ start: 0, end: 4096, fileOffset: 0, path: '/program', inode: 1n, device },
});

test('files answer where the kernel does, by our own mounts, then those of the process', () => {
  const procfs = new MemoryProcfs();
  procfs.mountinfo = (pid) => {
    if (pid === 'self')
      return [
        mount(1, '/', '0:20', 'virtiofs'),
        mount(2, '/home', '0:30', 'nfs4'),
        mount(3, '/srv', '8:1', 'ext4'),
      ];
    return [mount(9, '/', '0:40', 'overlay'), mount(10, '/mnt', '0:41', 'fuse.sshfs')];
  };
  const files = new FileSystems(procfs, '0:1');
  const answers = (device: string) => !files.mayNotAnswer(7, on(device));
  expect(
    ['8:1', '0:20', '0:30', '0:40', '0:41', '0:1', '0:99'].filter((device) => answers(device)),
  ).toEqual(['8:1', '0:20', '0:40', '0:1']);
});
