// Inputs of /proc, and what the system has beside it.

import { put } from './corpus.ts';

export function proc(): void {
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
