// Programs of an unprivileged user that burn while root records them, and what a recording may take for
// that: whatever their files say, it ends in time, in bounded memory, and root's own program has its names.

import { afterAll, beforeAll, expect } from 'bun:test';
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type HostileSection, writeHostileElf } from './hostile-elf.ts';
import { TestProcess, witnessesBelow } from './processes.ts';
import { Waggle, type WaggleResult } from './waggle.ts';
import { freshFolder, workload } from './workloads.ts';

export const MEBIBYTE = 2 ** 20;
export const NOBODY = 65534;

/** Of the whole command, while it names. A quiet one takes 150 MB. */
const MAX_RSS = 1200 * MEBIBYTE;
/** Naming others' files may take ten seconds, however loaded the host is. */
const MAX_SECONDS = 28;

export interface BoundedResult extends WaggleResult {
  readonly maxRss: number;
  readonly seconds: number;
}

/** Records within a folder, which has the output and the cache. */
export class BoundedRecorder {
  readonly output: string;
  readonly cache: string;

  constructor(readonly folder: string) {
    this.output = join(folder, 'out.folded');
    this.cache = join(folder, 'cache');
  }

  /** For the tests of a file: in a folder that everybody may look into. */
  static forFile(): BoundedRecorder {
    const folder = freshFolder();
    chmodSync(folder, 0o755);
    afterAll(() => rmSync(folder, { recursive: true }));
    // Its time is none of naming's: the command may have to be bundled.
    beforeAll(async () => void (await Waggle.run(['--version'])), 60_000);
    return new BoundedRecorder(folder);
  }

  /** Processes while they run, as root. */
  recorded(pids: readonly number[], ...options: string[]): Promise<BoundedResult> {
    return this.run('-p', pids.join(','), '-d', '2', ...options);
  }

  async run(...args: string[]): Promise<BoundedResult> {
    rmSync(this.output, { force: true });
    const command = ['record', '-o', this.output, ...args];
    await using waggle = new Waggle(command, { env: { XDG_CACHE_HOME: this.cache } });
    let maxRss = 0;
    const watch = setInterval(async () => {
      for (const { pid } of [{ pid: waggle.pid }, ...witnessesBelow(waggle.pid)])
        maxRss = Math.max(maxRss, await rssOf(pid));
    }, 50);
    const startedAt = performance.now();
    try {
      const result = await waggle.result();
      return { ...result, maxRss, seconds: (performance.now() - startedAt) / 1000 };
    } finally {
      clearInterval(watch);
    }
  }
}

async function rssOf(pid: number): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`)
    .text()
    .catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

export function expectBounded(
  { code, stderr, maxRss, seconds }: BoundedResult,
  maxSeconds = MAX_SECONDS,
): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/written to/) });
  expect(maxRss).toBeLessThan(MAX_RSS);
  expect(seconds).toBeLessThan(maxSeconds);
}

/** Programs of nobody that burn for as long as the scope lasts, beside one of root's. */
export class Burners implements AsyncDisposable {
  readonly #processes: TestProcess[] = [];
  readonly pids: number[] = [];

  /** Root's own, and `count` with such sections, whose files are in the folder. */
  static async of(
    folder: string,
    count = 0,
    sections: (index: number) => readonly HostileSection[] = () => [],
  ): Promise<Burners> {
    const burners = new Burners();
    burners.start(workload('burn_in_1'));
    for (let index = 0; index < count; index++) {
      const path = join(folder, `hostile_${index}`);
      writeHostileElf(path, workload('burn_in_2'), sections(index));
      chownSync(path, NOBODY, NOBODY);
      burners.start(path, NOBODY);
    }
    return burners;
  }

  /** Root's own is sampled, however many of the others there are. */
  start(path: string, uid?: number): void {
    const command = [path, '600000'];
    if (uid === undefined) this.adopt(new TestProcess(command));
    else this.adopt(new TestProcess(['nice', '-n', '19', ...command], { uid }));
  }

  adopt(process: TestProcess): void {
    this.#processes.push(process);
    this.pids.push(process.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process[Symbol.asyncDispose]();
  }
}
