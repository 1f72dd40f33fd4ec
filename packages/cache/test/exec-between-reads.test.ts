/**
 * An exec at every moment of a lookup and of the reads that follow, where start_code and start_stack do not
 * tell the two images apart: what is not laid out at random is the same each time. The kernel is played, in
 * the order in which it shows a new image: the executable, the name, and where its memory is.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type FieldName,
  type ProcessEntry,
  ProcessMetadataCache,
  type ProcfsIo,
  RealProcfs,
} from '../src/index.ts';

const PID = 7;
/** The environment of a layout that is not random ends right below the top of the stack. */
const FIXED_TOP = 0x7fff_ffff_f000;

/** Addresses, as proc_pid_stat(5) names them. */
const LAYOUT = {
  startcode: 0x5555_5555_8000,
  endcode: 0x5555_5556_c000,
  startstack: 0x7fff_ffff_e000,
  end_data: 0x5555_5557_3000,
  arg_start: FIXED_TOP - 400,
  env_start: FIXED_TOP - 300,
  env_end: FIXED_TOP - 40,
};
type Layout = typeof LAYOUT;

interface Image {
  readonly name: 'a' | 'b';
  readonly inode: number;
  readonly layout: Layout;
}

const A: Image = { name: 'a', inode: 11, layout: LAYOUT };

/** What the process shows, and its exec from `before` to `after` in three steps. */
class PlayedExec {
  moments = 0;
  readonly #images: readonly [Image, Image];
  readonly #steps: readonly [number, number, number];
  readonly #open = new Map<number, { bytes: Uint8Array | undefined; path: string }>();
  #fds = 2;

  /** @param steps the moments at which the executable, the name and the memory are the new image's */
  constructor(images: readonly [Image, Image], steps: readonly [number, number, number]) {
    this.#images = images;
    this.#steps = steps;
  }

  #now(step: 0 | 1 | 2): Image {
    return this.#images[this.moments >= this.#steps[step] ? 1 : 0];
  }

  get #memory(): Image | undefined {
    // There is new memory as soon as there is a new executable, and nothing is known of it yet.
    return this.#now(0) === this.#now(2) ? this.#now(2) : undefined;
  }

  /** Memory is looked for first, and what it holds comes last: the name may be the new image's. */
  #stat(): string {
    const memory = this.#memory;
    this.moments++;
    const comm = `sh${this.#now(1).name}`;
    const fields = new Array<number | string>(53).fill(0);
    fields.splice(1, 3, PID, `(${comm})`, 'S');
    fields[20] = 1;
    fields[22] = 99;
    const { startcode, endcode, startstack, end_data, arg_start, env_start, env_end } =
      memory?.layout ?? ({} as Partial<Layout>);
    fields.splice(26, 3, startcode ?? 0, endcode ?? 0, startstack ?? 0);
    fields[46] = end_data ?? 0;
    fields[48] = arg_start ?? 0;
    fields[50] = env_start ?? 0;
    fields[51] = env_end ?? 0;
    return `${fields.slice(1).join(' ')}\n`;
  }

  #content(path: string): string {
    const name = this.#memory?.name;
    if (path.endsWith('/stat')) return this.#stat();
    if (path.endsWith('/cmdline')) return name === undefined ? '' : `sh\0${name}\0`;
    if (path.endsWith('/environ')) return name === undefined ? '' : `IMAGE=${name}\0`;
    throw Object.assign(new Error(path), { code: 'ENOENT' });
  }

  readonly io: ProcfsIo = {
    openSync: (path) => {
      this.moments++;
      this.#open.set(++this.#fds, { bytes: undefined, path });
      return this.#fds;
    },
    readSync: (fd, into, offset, length) => {
      this.moments++;
      const file = this.#open.get(fd);
      assert.ok(file !== undefined);
      const bytes = file.bytes ?? new TextEncoder().encode(this.#content(file.path));
      const part = bytes.subarray(0, length);
      into.set(part, offset);
      file.bytes = bytes.subarray(part.length);
      return part.length;
    },
    closeSync: (fd) => void this.#open.delete(fd),
    readlinkSync: () => {
      this.moments++;
      return `/bin/${this.#now(0).name}`;
    },
    readdirSync: () => ['self', String(PID)],
    statSync: () => {
      this.moments++;
      return { dev: 1, ino: this.#now(0).inode, nlink: 1 };
    },
    fstatSync: () => ({ ino: 5 }),
    open: () => assert.fail('nothing is read off-thread'),
  };
}

/** Moments between two steps of an exec: from within one call to all that is read for a field. */
const GAPS = [0, 1, 2, 3, 5, 8, 13];

type Reading = readonly (readonly FieldName[])[];

/** Each by itself, with checks around it, or all between two checks. */
const READINGS: readonly Reading[] = [
  [['comm'], ['environ'], ['exe'], ['cmdline']],
  [['cmdline'], ['exe'], ['environ'], ['comm']],
  [['exe', 'comm', 'cmdline', 'environ']],
];

function imagesIn(entry: ProcessEntry): ReadonlySet<string> {
  const { cmdline, exe, comm } = entry;
  const names = [cmdline?.[1], entry.environVar('IMAGE'), exe?.slice(-1), comm?.slice(-1)];
  return new Set(names.filter((name) => name !== undefined));
}

/** Returns how many moments there were. */
function play(
  images: readonly [Image, Image],
  steps: readonly [number, number, number],
  reading: Reading,
): number {
  const played = new PlayedExec(images, steps);
  const cache = new ProcessMetadataCache({
    capacity: 10,
    procfs: new RealProcfs({ io: played.io }),
    logger: null,
  });
  const found = new Set<ProcessEntry>();
  for (const fields of reading) {
    const entry = cache.getOrLoad(PID);
    if (entry === undefined) continue;
    entry.load(fields);
    found.add(entry);
  }
  const { moments } = played;
  for (const entry of found)
    assert.ok(imagesIn(entry).size <= 1, `${[...imagesIn(entry)]} in one entry, exec at ${steps}`);
  // Whatever happened, the next lookup has the image that is there.
  played.moments = Number.MAX_SAFE_INTEGER;
  const last = cache.getOrLoad(PID);
  last?.load(['cmdline', 'environ', 'exe', 'comm']);
  assert.deepEqual([...(last === undefined ? [] : imagesIn(last))], [images[1].name], `${steps}`);
  return moments;
}

function playAtEveryMoment(after: Image): void {
  for (const reading of READINGS) {
    const never = Number.MAX_SAFE_INTEGER;
    const last = play([A, after], [never, never, never], reading) + 1;
    for (let exe = 0; exe <= last; exe++)
      for (const name of GAPS.map((gap) => exe + gap))
        for (const memory of GAPS.map((gap) => name + gap))
          play([A, after], [exe, name, memory], reading);
  }
}

test('a program of equal size with arguments of equal lengths: told apart by its executable', () => {
  playAtEveryMoment({ ...A, name: 'b', inode: 12 });
});

for (const part of ['endcode', 'end_data', 'arg_start', 'env_start', 'env_end'] as const) {
  test(`one executable, and an image that differs in ${part} alone`, () => {
    const layout = { ...LAYOUT, [part]: LAYOUT[part] + 1 };
    playAtEveryMoment({ ...A, name: 'b', layout });
  });
}
