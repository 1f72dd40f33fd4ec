import { expect, test } from 'bun:test';
import { parseMaps } from '../../../cache/src/procfs/maps.ts';
import { executableMappings } from './proc-maps.ts';

test('executable mappings only, with hexadecimal numbers, spaces and newlines in paths', () => {
  const maps = [
    '55d0c0000000-55d0c0002000 r--p 00000000 fe:00 123                        /bin/a b',
    '55d0c0002000-55d0c0004000 r-xp 00002000 fe:0a 123                        /bin/a b',
    '7f0000000000-7f0000001000 r-xp 00000000 00:00 0 ',
    '7f0000002000-7f0000003000 r-xp 00001000 08:01 99                         /tmp/x\\012y (deleted)',
    '7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]',
    '',
  ].join('\n');
  expect(executableMappings(parseMaps(new TextEncoder().encode(maps)))).toEqual([
    {
      start: 0x55d0c0002000,
      end: 0x55d0c0004000,
      fileOffset: 0x2000,
      device: '254:10',
      inode: 123n,
      path: '/bin/a b',
    },
    {
      start: 0x7f0000000000,
      end: 0x7f0000001000,
      fileOffset: 0,
      device: '0:0',
      inode: 0n,
      path: '',
      // What it may be a copy of.
      former: {
        start: 0x55d0c0002000,
        end: 0x55d0c0004000,
        fileOffset: 0x2000,
        device: '254:10',
        inode: 123n,
        path: '/bin/a b',
      },
    },
    {
      start: 0x7f0000002000,
      end: 0x7f0000003000,
      fileOffset: 0x1000,
      device: '8:1',
      inode: 99n,
      path: '/tmp/x\ny',
    },
    {
      start: 0x7ffd00000000,
      end: 0x7ffd00002000,
      fileOffset: 0,
      device: '0:0',
      inode: 0n,
      path: '[vdso]',
    },
  ]);
});
