// Files beside those that run: debug files that are none, that unpack to more than there is, or lie where
// nobody answers, and jitdumps of hundreds of megabytes. Naming ends in time and in bounded memory.

import { expect } from 'bun:test';
import {
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { BoundedRecorder, Burners, expectBounded, MEBIBYTE, NOBODY } from '../support/burners.ts';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { parseFolded, samples, samplesWith } from '../support/folded.ts';
import { type HostileSection, SHT } from '../support/hostile-elf.ts';
import { workload } from '../support/workloads.ts';

const area = 'hostile-files';
const recorder = BoundedRecorder.forFile();
const { folder } = recorder;
const folded = () => parseFolded(readFileSync(recorder.output, 'utf8'));

/** What `xz -9e --check=crc32` makes of a mebibyte of zeros. */
const ZEROS = Buffer.from(
  '/Td6WFoAAAFpIt42AgAhARwAAAAQz1jM7///ANldAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XACP0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1Iq9+SVJQAAAAAAHOo4pwAB8QGAgEAAb9Xu3D4wDYsCAAAAAAFZWg==',
  'base64',
);

faultRow(
  {
    area,
    what: `recording ${IS_LONG ? 20 : 6} of nobody's programs with debug data that unpacks to 4 GB`,
    holds: 'it ends in time and in bounded memory, and other programs have their names',
    times: [1, 3],
  },
  async () => {
    const data = Buffer.concat(Array.from({ length: 4096 }, () => ZEROS));
    const bomb: HostileSection = { name: '.gnu_debugdata', type: SHT.progbits, data };
    await using burners = await Burners.of(folder, IS_LONG ? 20 : 6, () => [bomb]);
    expectBounded(await recorder.recorded(burners.pids));
    expect(samplesWith(folded(), 'only_in_1')).toBeGreaterThan(0);
  },
);

/** .gnu_debuglink: a name, padding to four bytes, and the sum of what it names. */
function debuglink(name: string): HostileSection {
  const data = Buffer.alloc(Math.ceil((name.length + 1) / 4) * 4 + 4, 0);
  data.write(name);
  return { name: '.gnu_debuglink', type: SHT.progbits, data };
}

/** Something that is no file, by what stands in its place. */
const PLACES: Record<string, (path: string) => void> = {
  'a FIFO that nobody writes to': (path) => {
    Bun.spawnSync(['mkfifo', '-m', '666', path]);
  },
  'a link to /dev/zero': (path) => symlinkSync('/dev/zero', path),
  'a link to /proc/kmsg': (path) => symlinkSync('/proc/kmsg', path),
  'a folder': (path) => {
    mkdirSync(path);
  },
  'a link to itself': (path) => symlinkSync(path, path),
  'the program itself': (path) => copyFileSync(join(folder, 'hostile_0'), path),
};

for (const [what, place] of Object.entries(PLACES))
  faultRow(
    {
      area,
      what: `recording a program of nobody whose debug file is ${what}`,
      holds: 'it ends in time, with the names that there are',
      times: [1, 3],
    },
    async () => {
      const path = join(folder, 'hostile.debug');
      await using burners = await Burners.of(folder, 2, () => [debuglink('hostile.debug')]);
      try {
        place(path);
        const result = await recorder.recorded(burners.pids, '--lines');
        expectBounded(result);
        expect(samplesWith(folded(), 'only_in_1')).toBeGreaterThan(0);
      } finally {
        rmSync(path, { recursive: true, force: true });
      }
    },
  );

/** A file system in user space whose process never answers, for as long as the scope lasts. */
class DeadMount implements Disposable {
  readonly #holder;

  private constructor(readonly path: string) {
    mkdirSync(path);
    const options = 'rootmode=40000,user_id=0,group_id=0,allow_other';
    this.#holder = Bun.spawn(
      [
        ...['sh', '-c'],
        `exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,${options} dead "$0" && echo up && read -r _`,
        path,
      ],
      { stdin: 'pipe', stdout: 'pipe', stderr: 'ignore' },
    );
  }

  static async at(path: string): Promise<DeadMount | undefined> {
    if (!existsSync('/dev/fuse')) return undefined;
    const mount = new DeadMount(path);
    const { value } = await mount.#holder.stdout.getReader().read();
    if (value !== undefined) return mount;
    mount[Symbol.dispose]();
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#holder.stdin.end();
    Bun.spawnSync(['umount', '-l', this.path]);
  }
}

faultRow(
  {
    area,
    what: 'recording a program whose debug file lies on a file system that does not answer',
    holds: 'nobody looks there: it ends in time, with all names of both programs',
    times: [1, 20],
  },
  async (round) => {
    const path = join(folder, `dead_${round}`);
    using dead = await DeadMount.at(path);
    if (dead === undefined) return;
    const link = join(folder, '.debug');
    await using burners = await Burners.of(folder, 1, () => [debuglink('hostile.debug')]);
    try {
      symlinkSync(dead.path, link);
      const result = await recorder.recorded(burners.pids);
      expectBounded(result);
      expect(samplesWith(folded(), 'only_in_1')).toBeGreaterThan(0);
      // Whoever looks there waits, and not even SIGKILL ends who looks after him.
      expect(result.stderr).not.toMatch(/left without names|naming was ended/);
    } finally {
      rmSync(link, { force: true });
    }
  },
);

const RECORD = { load: 0, unwinding: 4 } as const;

/** A jitdump of so many bytes; each record describes code that nothing runs. */
function writeDump(path: string, bytes: number, kind: keyof typeof RECORD): void {
  const file = openSync(path, 'w');
  const header = Buffer.alloc(40);
  header.writeUInt32LE(0x4a69_5444, 0);
  header.writeUInt32LE(1, 4);
  header.writeUInt32LE(40, 8);
  header.writeUInt32LE(62, 12);
  writeSync(file, header);
  const size = kind === 'load' ? 80 : 1024;
  const piece = Buffer.alloc(size * 4096);
  let count = 0;
  for (let written = 0; written < bytes; written += piece.length) {
    for (let at = 0; at < piece.length; at += size, count++) {
      piece.writeUInt32LE(RECORD[kind], at);
      piece.writeUInt32LE(size, at + 4);
      piece.writeBigUInt64LE(BigInt(count + 1), at + 8);
      if (kind === 'load') {
        piece.writeBigUInt64LE(BigInt(0x1000_0000 + count * 16), at + 32);
        piece.writeBigUInt64LE(16n, at + 40);
        piece.write(`function_${count}\0`, at + 56);
      } else {
        // Call frame information of which no two are equal.
        piece.writeBigUInt64LE(BigInt(size - 40), at + 16);
        piece.writeUInt32LE(count, at + 40);
      }
    }
    writeSync(file, piece);
  }
  closeSync(file);
  chownSync(path, NOBODY, NOBODY);
}

for (const kind of ['load', 'unwinding'] as const)
  faultRow(
    {
      area,
      what: `recording a program that maps a jitdump of 400 MB, of records of ${kind}`,
      holds: 'it ends in time and in bounded memory, and the rest has its names',
      times: [1, 3],
    },
    async () => {
      const dump = join(folder, `jit-${kind}.dump`);
      writeDump(dump, 400 * MEBIBYTE, kind);
      try {
        const result = await recorder.run('--', workload('generated'), '1500', 'plain', dump);
        expectBounded(result);
        const stacks = folded();
        expect(samplesWith(stacks, 'main')).toBeGreaterThan(0.5 * samples(stacks));
      } finally {
        rmSync(dump, { force: true });
      }
    },
  );
