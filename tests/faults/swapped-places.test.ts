// Another user swaps what lies on the way to an output while root writes it: his folder or file for a link of his, on
// and on. Root writes into his folder or says why not, and never where his links lead.

import { afterAll, beforeAll, expect } from 'bun:test';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NOBODY } from '../support/burners.ts';
import { eventually } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'outputs';
const root = freshFolder();
const profile = join(root, 'in.folded');
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeAll(async () => {
  chmodSync(root, 0o755);
  writeFileSync(profile, 'main;work 1\n');
  await Waggle.run(['--version']);
}, 60_000);

/** Of one command: each is another try to be in the middle of a swap. */
const OUTPUTS = 24;
const names = Array.from({ length: OUTPUTS }, (_, index) => `out_${index}.folded`);
const EVENT_FILES = ['e.jsonl', 'e.csv', 'e.db', 'e.html', 'e.pftrace'];

let folders = 0;
function folder(mode: number, uid = 0): string {
  const path = join(root, `f${folders++}`);
  mkdirSync(path);
  chmodSync(path, mode);
  chownSync(path, uid, uid);
  return path;
}

/** Everything that is below, with its content. */
function contentOf(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files.map((file) => {
      const at = join(file.parentPath, file.name);
      return [at, file.isFile() ? readFileSync(at, 'utf8') : 'no file'];
    }),
  );
}

/** A folder of root's that has files of all of these names, and one below it that has them too. */
function precious(): string {
  const target = folder(0o755);
  mkdirSync(join(target, 'below'));
  for (const name of [...names, ...EVENT_FILES])
    for (const path of [join(target, name), join(target, 'below', name)])
      writeFileSync(path, 'precious');
  return target;
}

interface Swapped {
  /** Where outputs go. */
  readonly outputs: readonly string[];
  /** Two names that are swapped. */
  readonly names: readonly [string, string];
}

/** What somebody has in a folder, and where his link leads. */
const WAYS: Readonly<Record<string, (his: string, target: string) => Swapped>> = {
  'the folder of an output': (his, target) => {
    const [real, link] = foldersOf(his, target);
    return { outputs: names.map((name) => join(real, name)), names: [real, link] };
  },
  'a folder on the way to an output': (his, target) => {
    const [real, link] = foldersOf(his, target);
    mkdirSync(join(real, 'below'));
    chownSync(join(real, 'below'), NOBODY, NOBODY);
    return { outputs: names.map((name) => join(real, 'below', name)), names: [real, link] };
  },
  'an output': (his, target) => {
    const real = join(his, 'out_0.folded');
    const link = join(his, 'link');
    writeFileSync(real, 'his');
    chownSync(real, NOBODY, NOBODY);
    symlinkSync(join(target, 'out_0.folded'), link);
    lchownSync(link, NOBODY, NOBODY);
    return { outputs: names.map(() => real), names: [real, link] };
  },
  'a FIFO': (his, target) => {
    const real = join(his, 'out_0.folded');
    const link = join(his, 'link');
    Bun.spawnSync(['mkfifo', '-m', '666', real]);
    symlinkSync(join(target, 'out_0.folded'), link);
    lchownSync(link, NOBODY, NOBODY);
    return { outputs: names.map(() => real), names: [real, link] };
  },
  'a link of root’s': (his, target) => {
    const harmless = folder(0o755);
    const real = join(his, 'dir');
    const link = join(his, 'link');
    symlinkSync(harmless, real);
    symlinkSync(target, link);
    lchownSync(link, NOBODY, NOBODY);
    return { outputs: names.map((name) => join(real, name)), names: [real, link] };
  },
};

function foldersOf(his: string, target: string): [string, string] {
  const real = join(his, 'dir');
  const link = join(his, 'link');
  mkdirSync(real);
  chownSync(real, NOBODY, NOBODY);
  symlinkSync(target, link);
  lchownSync(link, NOBODY, NOBODY);
  return [real, link];
}

async function whileSwapped(
  [one, other]: readonly [string, string],
  use: () => Promise<void>,
): Promise<void> {
  await using swapper = new TestProcess([workload('swaps_names'), one, other], { uid: NOBODY });
  await eventually('it to swap', () => swapper.stdout.includes('swaps'));
  await use();
}

// What is root's in a sticky folder nobody else can rename.
for (const [what, way] of Object.entries(WAYS))
  for (const where of what === 'a FIFO' || what === 'a link of root’s'
    ? (['his folder'] as const)
    : (['his folder', 'a folder that is everybody’s'] as const))
    faultRow(
      {
        area,
        what: `another user swaps ${what} in ${where} for a link of his, while root writes ${OUTPUTS} there`,
        holds: 'where his link leads nothing is written, nothing is cut, nothing comes to be',
        times: [2, 20],
      },
      async () => {
        const his = where === 'his folder' ? folder(0o755, NOBODY) : folder(0o1777);
        const target = precious();
        const before = contentOf(target);
        const { outputs, names: swapped } = way(his, target);
        await whileSwapped(swapped, async () => {
          await using readers = new AsyncDisposableStack();
          if (what === 'a FIFO')
            readers.use(new TestProcess(['sh', '-c', 'while :; do cat "$0"; done', swapped[0]]));
          const { code, stderr } = await Waggle.run(['convert', profile, ...outputs]);
          expect(stderr).not.toMatch(/internal error/);
          expect(code).toBe(stderr === '' ? 0 : 1);
        });
        expect(contentOf(target)).toEqual(before);
      },
    );

faultRow(
  {
    area,
    what: 'another user swaps the folder of recorded events, in each format and rotated, for a link of his',
    holds: 'where his link leads nothing is written, nothing is removed, nothing comes to be',
    times: [2, 20],
  },
  async () => {
    const his = folder(0o755, NOBODY);
    const target = precious();
    for (let piece = 1; piece < 40; piece++)
      writeFileSync(join(target, `r.${String(piece).padStart(4, '0')}.jsonl`), 'precious');
    const before = contentOf(target);
    const [real, link] = foldersOf(his, target);
    const files = EVENT_FILES.flatMap((name) => ['-o', join(real, name)]);
    const storm = ['--', workload('storm'), '1000', '0', workload('exit_with')];
    await whileSwapped([real, link], async () => {
      for (const options of [
        files,
        ['-o', join(real, 'r.jsonl'), '--rotate', '64K', '--keep', '2'],
      ]) {
        const { code, stderr } = await Waggle.run(['trace', ...options, ...storm]);
        expect(stderr).not.toMatch(/internal error/);
        expect([0, 1]).toContain(code);
      }
    });
    expect(contentOf(target)).toEqual(before);
  },
);
