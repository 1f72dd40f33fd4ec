// Output files: disks that are full, folders that vanish, links and files of others, kills while
// writing. What was there before stays whole, and what is said to be written is.
// Runs beside others.

import { afterAll, beforeAll, describe, expect } from 'bun:test';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'outputs';
const NOBODY = 65_534;
const root = freshFolder();
const profile = join(root, 'in.folded');
/** Some 600 KB in every format, so that writing takes a moment. */
const stacks = Array.from(
  { length: 20_000 },
  (_, n) => `main;work_${n % 500};leaf_${n} ${n + 1}\n`,
);

beforeAll(() => {
  chmodSync(root, 0o755);
  writeFileSync(profile, stacks.join(''));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function folder(mode = 0o755): string {
  const path = join(root, `f${folders++}`);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

function run(...command: string[]): void {
  const { success, stderr } = Bun.spawnSync(command);
  if (!success) throw new Error(stderr.toString());
}

const convert = (...paths: string[]) => Waggle.run(['convert', profile, ...paths]);

/** Nothing but what is named: no temporary file is left. */
function expectOnly(path: string, ...names: string[]): void {
  expect(readdirSync(path).sort()).toEqual(names.sort());
}

describe('a disk', () => {
  faultRow(
    {
      area,
      what: 'convert onto a full disk, over a file that is there',
      holds: 'exit 1, said why, the old file whole, the other output written',
      times: [1, 10],
    },
    async () => {
      const disk = folder();
      run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk);
      try {
        const old = join(disk, 'out.svg');
        const other = join(folder(), 'out.folded');
        writeFileSync(old, 'old');
        const { code, stderr } = await convert(old, other);
        expect(code).toBe(1);
        expect(stderr).toContain(`${old} cannot be written: no space is left on the device`);
        expect(readFileSync(old, 'utf8')).toBe('old');
        expectOnly(disk, 'out.svg');
        expect(statSync(other).size).toBeGreaterThan(100_000);
      } finally {
        run('umount', disk);
      }
    },
  );

  faultRow(
    {
      area,
      what: 'record onto a full disk',
      holds: 'exit 1, nothing is said to be written',
      times: [1, 5],
    },
    async () => {
      const disk = folder();
      run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk);
      try {
        await using waggle = await Waggle.record(['-a', '-d', '0.3', '-o', join(disk, 'out.html')]);
        writeFileSync(join(disk, 'fill'), new Uint8Array(60 * 1024));
        const { code, stderr } = await waggle.result();
        expect(code).toBe(1);
        expect(stderr).toMatch(/cannot be written: no space is left/);
        expect(stderr).not.toContain('written to');
        expectOnly(disk, 'fill');
      } finally {
        run('umount', disk);
      }
    },
  );

  faultRow(
    {
      area,
      what: 'record where nothing can be written: read-only, gone, no folder, immutable mode',
      holds: 'it is said at once, and the command is not run',
      times: [1, 5],
    },
    async () => {
      const disk = folder();
      run('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', disk);
      const mark = join(folder(), 'ran');
      try {
        for (const [path, why] of [
          [join(disk, 'out.svg'), 'read-only'],
          [join(root, 'no/such/out.svg'), 'there is no directory'],
          [join(profile, 'out.svg'), 'no directory'],
          [join(root, `${'n'.repeat(300)}.svg`), 'too long'],
        ] as const) {
          const { code, stderr } = await Waggle.run(['record', '-o', path, '--', 'touch', mark]);
          expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(why) });
          expect(existsSync(mark)).toBe(false);
        }
      } finally {
        run('umount', disk);
      }
    },
  );

  faultRow(
    {
      area,
      what: 'the folder of an output vanishes while recording',
      holds: 'exit 1, said why, the other output written',
      times: [1, 5],
    },
    async () => {
      const vanishing = folder();
      const stays = join(folder(), 'out.folded');
      await using waggle = await Waggle.record([
        // With --idle there are samples on a quiet host too.
        ...['-a', '--idle', '-d', '0.5', '-o', join(vanishing, 'out.svg'), '-o', stays],
      ]);
      rmSync(vanishing, { recursive: true });
      const { code, stderr } = await waggle.result();
      expect(code).toBe(1);
      expect(stderr).toContain('there is no directory');
      expect(stderr).toContain(`written to ${stays}\n`);
      expect(statSync(stays).size).toBeGreaterThan(0);
    },
  );

  faultRow(
    {
      area,
      what: 'an output whose place cannot be taken (something is mounted on it)',
      holds: 'exit 1, and where the profile is instead is said',
      times: [1, 3],
    },
    async () => {
      const here = folder();
      const path = join(here, 'out.folded');
      writeFileSync(path, '');
      run('mount', '--bind', profile, path);
      try {
        const { code, stderr } = await convert(path);
        expect(code).toBe(1);
        const kept = /what was to be there is in (\S+)/.exec(stderr)?.[1] ?? '';
        expect(readFileSync(kept, 'utf8')).toContain('main;work_1;leaf_1 2\n');
      } finally {
        run('umount', path);
      }
    },
  );
});

describe('somebody else’s', () => {
  faultRow(
    {
      area,
      what: 'a link of another user where root writes: the file, its folder, dangling, a loop',
      holds: 'it is not followed, and what it points to is not touched',
      times: [1, 3],
    },
    async () => {
      const everybodys = folder(0o1777);
      const target = join(folder(), 'precious');
      writeFileSync(target, 'precious');
      const links: [string, string][] = [
        ['out.svg', target],
        ['dangling.svg', join(root, 'not-there')],
        ['loop.svg', join(everybodys, 'loop.svg')],
        ['dir', folder()],
      ];
      for (const [name, to] of links) {
        symlinkSync(to, join(everybodys, name));
        run('chown', '-h', `${NOBODY}:${NOBODY}`, join(everybodys, name));
      }
      for (const name of ['out.svg', 'dangling.svg', 'loop.svg', 'dir/out.svg']) {
        const { code, stderr } = await convert(join(everybodys, name));
        expect({ code, stderr }).toEqual({
          code: 1,
          stderr: expect.stringContaining(`is a link of user ${NOBODY}, which is not followed`),
        });
      }
      expect(readFileSync(target, 'utf8')).toBe('precious');
      expect(existsSync(join(root, 'not-there'))).toBe(false);
    },
  );

  faultRow(
    {
      area,
      what: 'links of one’s own: to a file, to a folder, dangling',
      holds: 'they are followed, and stay links',
      times: [1, 3],
    },
    async () => {
      const here = folder();
      const there = folder();
      symlinkSync(join(there, 'real.folded'), join(here, 'out.folded'));
      symlinkSync(there, join(here, 'dir'));
      const direct = join(here, 'dir/other.folded');
      const { code, stderr } = await convert(join(here, 'out.folded'), direct);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(lstatSync(join(here, 'out.folded')).isSymbolicLink()).toBe(true);
      expectOnly(there, 'other.folded', 'real.folded');
    },
  );

  faultRow(
    {
      area,
      what: 'a file of another user in a folder that is everybody’s',
      holds: 'it is not written to',
      times: [1, 3],
    },
    async () => {
      const path = join(folder(0o1777), 'out.svg');
      writeFileSync(path, 'his');
      chownSync(path, NOBODY, NOBODY);
      const { code, stderr } = await convert(path);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(`it belongs to user ${NOBODY}`),
      });
      expect(readFileSync(path, 'utf8')).toBe('his');
    },
  );

  faultRow(
    {
      area,
      what: 'sudo in the caller’s folder, and in root’s',
      holds:
        'files in the caller’s folder are the caller’s, others root’s; a replaced file keeps its owner and mode',
      times: [1, 3],
    },
    async () => {
      const his = folder();
      chownSync(his, NOBODY, NOBODY);
      const roots = folder();
      const kept = join(his, 'kept.svg');
      writeFileSync(kept, 'old', { mode: 0o640 });
      chownSync(kept, NOBODY, 7);
      const env = { SUDO_UID: String(NOBODY), SUDO_GID: String(NOBODY) };
      const paths = [join(his, 'out.svg'), join(roots, 'out.svg'), kept];
      const { code, stderr } = await Waggle.run(['convert', profile, ...paths], { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const owners = paths.map((path) => [statSync(path).uid, statSync(path).gid]);
      expect(owners).toEqual([
        [NOBODY, NOBODY],
        [0, 0],
        [NOBODY, 7],
      ]);
      expect(statSync(kept).mode & 0o777).toBe(0o640);
    },
  );
});

faultRow(
  {
    area,
    what: 'a recording of a command with arguments, and of one without',
    holds: 'only its owner can read the former',
    times: [1, 3],
  },
  async () => {
    const here = folder();
    const modes = [];
    for (const [name, command] of [
      ['with', ['sleep', '0.1']],
      ['without', ['true']],
    ] as const) {
      const path = join(here, `${name}.svg`);
      const { code } = await Waggle.run(['record', '-o', path, '--', ...command]);
      expect(code).toBe(0);
      modes.push(statSync(path).mode & 0o777);
    }
    expect(modes).toEqual([0o600, 0o666 & ~process.umask()]);
  },
);

faultRow(
  {
    area,
    what: 'a FIFO as output, with a reader',
    holds: 'the reader gets all of it, and the FIFO stays',
    times: [1, 5],
  },
  async () => {
    const path = join(folder(), 'out.folded');
    run('mkfifo', path);
    const reader = Bun.spawn(['cat', path]);
    const { code, stderr } = await convert(path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await new Response(reader.stdout).text()).split('\n').length).toBe(20_001);
    expect(lstatSync(path).isFIFO()).toBe(true);
  },
);

faultRow(
  {
    area,
    what: 'a link of one’s own to a FIFO, as the output of what has to be a file: a trace, a page, a database',
    holds: 'exit 1, said why, and the FIFO stays',
    times: [1, 5],
  },
  async () => {
    const here = folder();
    const pipe = join(here, 'pipe');
    run('mkfifo', pipe);
    for (const [command, name] of [
      ['record', 'out.pftrace'],
      ['trace', 'out.html'],
      ['trace', 'out.db'],
    ] as const) {
      const path = join(here, name);
      symlinkSync(pipe, path);
      const { code, stderr } = await Waggle.run([command, '-o', path, '--', 'true']);
      expect({ command, name, code, stderr }).toEqual({
        ...{ command, name, code: 1 },
        stderr: expect.stringMatching(/cannot be written: .*has to be a file/),
      });
      expect(lstatSync(pipe).isFIFO()).toBe(true);
    }
  },
);

faultRow(
  {
    area,
    what: 'outputs below /proc/PID/root of a process in a mount namespace, by links of its own root too',
    holds: 'they are in that root and not in ours; links there lead nowhere else',
    times: [1, 5],
  },
  async () => {
    const [mounted, ours] = [folder(), folder()];
    const inside = [
      `mount -t tmpfs tmpfs ${mounted} && mkdir ${mounted}/there && cd ${mounted}`,
      // Where the kernel would follow it from our root.
      `ln -s ${mounted}/there absolute && ln -s ../../../../../../..${mounted}/there above`,
      `ln -s ${ours}/linked.folded linked.folded && echo up && exec sleep 1000`,
    ];
    await using other = new TestProcess(['unshare', '-m', 'sh', '-c', inside.join(' && ')]);
    await eventually('its mount', () => other.stdout.includes('up'));
    const base = `/proc/${other.pid}/root${mounted}`;
    run('mount', '-t', 'tmpfs', 'tmpfs', ours);
    try {
      for (const name of ['plain', 'absolute/a', 'above/b', 'there/../c']) {
        const { code, stderr } = await convert(`${base}/${name}.folded`);
        expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: '' });
      }
      for (const name of ['plain', 'there/a', 'there/b', 'c'])
        expect(statSync(`${base}/${name}.folded`).size).toBeGreaterThan(100_000);
      // Its folder is another one, without our mount.
      expect((await convert(`${base}/linked.folded`)).code).toBe(0);
      expectOnly(ours);
      const there = `/proc/${other.pid}/cwd/d.folded`;
      const { code, stderr } = await convert(there);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('is in another root than ours: name it below /proc/'),
      });
      const trace = await Waggle.run(['trace', '-o', `${base}/out.db`, '--', 'true']);
      expect(trace.code).toBe(0);
      expect(statSync(`${base}/out.db`).size).toBeGreaterThan(0);
      const agent = await Waggle.run(['agent', '--store', `${base}/store`, '--duration', '0.1']);
      expect({ code: agent.code, stderr: agent.stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(`leads to where process ${other.pid} is`),
      });
      expectOnly(mounted);
    } finally {
      run('umount', ours);
    }
  },
);

faultRow(
  {
    area,
    what: 'SIGKILL at a random moment of convert, over a file that is there',
    holds: 'the file is the old one or the new one, whole',
    times: [5, 100],
  },
  async () => {
    const path = join(folder(), 'out.pb.gz');
    writeFileSync(path, 'old');
    await using waggle = new Waggle(['convert', profile, path]);
    await Bun.sleep(Math.random() * 400);
    waggle.kill('SIGKILL');
    await waggle.result();
    const bytes = readFileSync(path);
    if (bytes.toString() === 'old') return;
    const { code, stdout } = await Waggle.run(['convert', path, '-']);
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBe(20_001);
  },
);
