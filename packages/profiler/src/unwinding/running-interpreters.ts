/**
 * Processes that run generated code already when they begin to be sampled. A stack through a library whose table is not
 * there is walked by userspace, which does not know what generated code is of: so all tables of such a process, and
 * what its interpreter says, are in the kernel before its first sample, if somebody waits for them.
 */

import type { NewMapping } from '../mappings/image-mappings.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import { isGenerated, type ObjectFiles } from '../mappings/object-files.ts';
import type { FileKeys } from './file-keys.ts';
import type { GeneratingSpaces } from './generating-spaces.ts';
import type { UnwindTables } from './unwind-tables.ts';

/** Their tables may be as many as there is room for; the others have theirs as they are met. */
const MAX_PROCESSES = 64;

export class RunningInterpreters {
  readonly #spaces: Pick<GeneratingSpaces, 'note'>;
  readonly #objects: Pick<ObjectFiles, 'of'>;
  readonly #tables: Pick<UnwindTables, 'loaded' | 'install' | 'installArrived'>;
  readonly #keys: Pick<FileKeys, 'of'> | undefined;
  /** What is told to the kernel of each process, and how its tables are loaded. */
  readonly #noted: Promise<void>[] = [];
  readonly #running: { readonly pid: number; readonly mappings: readonly NewMapping[] }[] = [];

  /** @param keys undefined where the kernel cannot be asked how it knows a file */
  constructor(
    spaces: Pick<GeneratingSpaces, 'note'>,
    objects: Pick<ObjectFiles, 'of'>,
    tables: Pick<UnwindTables, 'loaded' | 'install' | 'installArrived'>,
    keys: Pick<FileKeys, 'of'> | undefined,
  ) {
    this.#spaces = spaces;
    this.#objects = objects;
    this.#tables = tables;
    this.#keys = keys;
  }

  /** A process that runs, and what it has mapped. */
  follow(pid: number, mappings: readonly NewMapping[]): void {
    const noted = this.#spaces.note(pid, mappings);
    if (noted === undefined) return;
    this.#noted.push(noted);
    if (this.#running.length < MAX_PROCESSES) this.#running.push({ pid, mappings });
  }

  /** Whether there is anything to wait for. */
  get any(): boolean {
    return this.#noted.length > 0;
  }

  /** Settles when the kernel can walk them. @param time CLOCK_BOOTTIME in ns */
  async load(time: bigint): Promise<void> {
    const tables = this.#running.flatMap(({ pid, mappings }) =>
      mappings.map((mapping) => this.#load(pid, mapping, time)),
    );
    await Promise.all([...this.#noted, ...tables]);
    this.#tables.installArrived();
  }

  async #load(pid: number, mapping: NewMapping, time: bigint): Promise<void> {
    const object: ObjectFile = mapping.object ?? this.#objects.of(pid, mapping);
    // A file that may not answer has its table as it is met.
    if (object.fd === undefined || object.remote !== undefined || isGenerated(object)) return;
    const key = this.#keys?.of(object.fd, mapping.fileOffset);
    await this.#tables.loaded(object);
    if (key !== undefined) this.#tables.install(key, object, time);
  }
}
