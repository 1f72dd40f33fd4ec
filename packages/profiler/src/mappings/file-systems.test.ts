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
        mount(4, '/run/root', '0:50', 'overlay'),
        mount(5, '/run/silent', '0:51', 'overlay'),
      ];
    return [
      mount(9, '/', '0:40', 'overlay'),
      mount(10, '/mnt', '0:41', 'fuse.sshfs'),
      mount(11, '/over', '0:42', 'overlay'),
    ];
  };
  const asked: string[] = [];
  const files = new FileSystems(procfs, '0:1', (device, process) => {
    asked.push(`${device} ${process}`);
    return device === '0:42' || device === '0:51';
  });
  const answers = (device: string) => !files.mayNotAnswer(7, on(device));
  const devices = ['8:1', '0:20', '0:30', '0:40', '0:41', '0:42', '0:50', '0:51', '0:1', '0:99'];
  expect(devices.filter(answers)).toEqual(['8:1', '0:20', '0:40', '0:50', '0:1']);
  expect(devices.filter(answers)).toEqual(['8:1', '0:20', '0:40', '0:50', '0:1']);
  expect([...new Set(asked)]).toEqual(
    ['0:40', '0:42', '0:50', '0:51'].map((each) => `${each} /proc/7`),
  );
});
