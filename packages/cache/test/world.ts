/**
 * A made-up host for the property tests: processes whose every field says which process and which
 * image it is of, and the stream of kernel records about them, which can be delivered late, out
 * of order, or not at all.
 */
import type { ExecRecord, IdentityQuery, ProcessEntry } from '../src/index.ts';
import { type MemoryProcess, MemoryProcfs } from '../src/testing.ts';

/** One image: the serial number of its process and its generation. */
export interface Image {
  readonly process: number;
  readonly generation: number;
}

export interface Life {
  readonly pid: number;
  readonly process: number;
  readonly identity: IdentityQuery;
  generation: number;
  /** Living, zombie, or gone from /proc. */
  state: 'alive' | 'zombie' | 'reaped';
}

export type KernelEvent =
  | { readonly type: 'exec'; readonly record: ExecRecord; readonly image: Image }
  | { readonly type: 'exit'; readonly identity: IdentityQuery };

function appearance({ process, generation }: Image): MemoryProcess {
  const id = `${process}.${generation}`;
  return {
    comm: `c${id}`,
    cmdline: ['cmd', id],
    environ: { ID: id },
    exe: `/exe/${id}`,
    uid: process * 1000 + generation,
    cwd: `/cwd/${process}`,
    cgroup: `/cgroup/${process}`,
    ppid: 1_000_000 + process,
    namespaces: { mnt: process, pid: process },
  };
}

export class World {
  readonly procfs = new MemoryProcfs();
  readonly lives = new Map<number, Life>();
  readonly events: KernelEvent[] = [];
  /** Whether image marks are hidden, as they are from a reader without ptrace access. */
  readonly hidden: boolean;
  #processes = 0;

  constructor(hidden: boolean) {
    this.hidden = hidden;
  }

  /** The process that has this pid in /proc now, zombie or not. */
  owner(pid: number): Life | undefined {
    return this.lives.get(pid);
  }

  alive(pid: number): Life | undefined {
    const life = this.lives.get(pid);
    return life?.state === 'alive' ? life : undefined;
  }

  /** `sameTick`: does not let the clock go on first, so that a start time can come twice. */
  fork(pid: number, sameTick: boolean): void {
    if (this.lives.has(pid)) return;
    if (!sameTick) this.procfs.tick();
    const process = ++this.#processes;
    const { startTime } = this.procfs.spawn(pid, {
      ...appearance({ process, generation: 0 }),
      imageHidden: this.hidden,
    });
    const startBoottimeNs = BigInt(startTime) * 10_000_000n + BigInt(process);
    const identity = { pid, startTime, startBoottimeNs };
    this.lives.set(pid, { pid, process, identity, generation: 0, state: 'alive' });
  }

  exec(pid: number): void {
    const life = this.alive(pid);
    if (life === undefined) return;
    life.generation++;
    const image = { process: life.process, generation: life.generation };
    const looks = appearance(image);
    this.procfs.exec(pid, looks);
    const record: ExecRecord = {
      pid,
      startBoottimeNs: life.identity.startBoottimeNs ?? 0n,
      execId: life.generation,
      layoutFingerprint: this.procfs.layoutFingerprintOf(pid),
      comm: looks.comm,
      argv: looks.cmdline,
    };
    this.events.push({ type: 'exec', record, image });
  }

  exit(pid: number): void {
    const life = this.alive(pid);
    if (life === undefined) return;
    life.state = 'zombie';
    this.procfs.exit(pid);
    this.events.push({ type: 'exit', identity: life.identity });
  }

  reap(pid: number): void {
    const life = this.lives.get(pid);
    if (life === undefined) return;
    if (life.state === 'alive') this.exit(pid);
    life.state = 'reaped';
    this.procfs.reap(pid);
    this.lives.delete(pid);
  }
}

/** Which images the values that an entry gives are of, field by field. */
export function imagesIn(entry: ProcessEntry): { field: string; image: Partial<Image> }[] {
  const found: { field: string; image: Partial<Image> }[] = [];
  const see = (field: string, text: string | undefined, pattern: RegExp): void => {
    if (text === undefined) return;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`${field} is not one of ours: ${text}`);
    const process = Number(match[1]);
    found.push({
      field,
      image: match[2] === undefined ? { process } : { process, generation: Number(match[2]) },
    });
  };
  see('comm', entry.comm, /^c(\d+)\.(\d+)$/);
  see('cmdline', entry.cmdline?.join(' '), /^cmd (\d+)\.(\d+)$/);
  see('environ', entry.environVar('ID'), /^(\d+)\.(\d+)$/);
  see('exe', entry.exe, /^\/exe\/(\d+)\.(\d+)$/);
  see('cwd', entry.cwd, /^\/cwd\/(\d+)$/);
  see('cgroup', entry.cgroup, /^\/cgroup\/(\d+)$/);
  see('nsMnt', entry.nsMnt?.toString(), /^(\d+)$/);
  see('nsPid', entry.nsPid?.toString(), /^(\d+)$/);
  see('ppid', entry.ppid === undefined ? undefined : String(entry.ppid - 1_000_000), /^(\d+)$/);
  see(
    'uid',
    entry.uid === undefined ? undefined : `${Math.floor(entry.uid / 1000)}.${entry.uid % 1000}`,
    /^(\d+)\.(\d+)$/,
  );
  return found;
}
