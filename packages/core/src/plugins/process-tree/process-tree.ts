// Who descends from whom, the dead included as long as somebody living descends from them. A
// parent here is who called fork, not who adopted an orphan later: that is what explains a process.

/** The start time as far as it is known: ns from the kernel, clock ticks from /proc. */
export interface TreeIdentity {
  readonly pid: number;
  readonly startTime: bigint;
}

export interface TreeNode {
  readonly pid: number;
  /** start_boottime in ns; undefined for a process that was there before us and had no event yet. */
  readonly startTime: bigint | undefined;
  readonly comm: string;
  /** As given to execve, or the executable of who was there before us. */
  readonly filename: string | null;
  readonly ended: boolean;
}

interface Node {
  readonly pid: number;
  startTime: bigint | undefined;
  readonly startTicks: number;
  comm: string;
  filename: string | null;
  ended: boolean;
  parent: Node | undefined;
  /** Nodes whose parent it is. */
  children: number;
  /** The one that had this pid before and is still needed. */
  older: Node | undefined;
}

/** What the tree takes in of a process; `startTime` decides who it is. */
export interface Sighting {
  readonly pid: number;
  readonly startTime?: bigint;
  readonly startTicks: number;
  readonly comm: string;
  readonly filename?: string | null;
}

const DEFAULT_CAPACITY = 65_536;
/** No real chain of processes is that long; a wrong one must not hang us. */
const MAX_ANCESTORS = 1024;

export class ProcessTree {
  readonly #newest = new Map<number, Node>();
  /** Ended, and not needed by a descendant: they go when the cycle ends. */
  #leaving: Node[] = [];
  #size = 0;

  /** @param capacity of nodes; beyond it the dead go even if they have living descendants. */
  constructor(private readonly capacity = DEFAULT_CAPACITY) {}

  /** Nodes, the ended ones included. */
  get size(): number {
    return this.#size;
  }

  find(identity: TreeIdentity): TreeNode | undefined {
    return this.#find(identity.pid, identity.startTime);
  }

  /** Parent first, up to the first process that is known. */
  ancestors(identity: TreeIdentity): readonly TreeNode[] {
    const found: TreeNode[] = [];
    let node = this.#find(identity.pid, identity.startTime)?.parent;
    for (; node !== undefined && found.length < MAX_ANCESTORS; node = node.parent) found.push(node);
    return found;
  }

  /** A process was born. Its parent may be unknown. */
  fork(parent: Sighting, child: Sighting): void {
    const from = this.#see(parent);
    this.#insert({ ...child, filename: child.filename ?? from.filename }, from);
  }

  /** It runs this program now. */
  exec(process: Sighting, parent?: Sighting): void {
    const known = this.#find(process.pid, process.startTime, process.startTicks);
    const node =
      known ?? this.#insert(process, parent === undefined ? undefined : this.#see(parent));
    node.startTime ??= process.startTime;
    node.comm = process.comm;
    node.filename = process.filename ?? node.filename;
  }

  /** It ended; it can be found until the cycle ends, and as an ancestor as long as needed. */
  exit(process: Sighting, parent?: Sighting): void {
    const known = this.#find(process.pid, process.startTime, process.startTicks);
    const node =
      known ?? this.#insert(process, parent === undefined ? undefined : this.#see(parent));
    node.startTime ??= process.startTime;
    this.#end(node);
  }

  /** From a walk of /proc: who is there. Those that events told of stay as they are. */
  seed(process: Sighting, ppid: number): void {
    const known = this.#find(process.pid, process.startTime, process.startTicks);
    if (known !== undefined && !known.ended) return;
    this.#insert(process, this.#newest.get(ppid));
  }

  /** After a walk: everybody else has ended, though nobody said so. */
  endAllBut(pids: ReadonlySet<number>): void {
    for (const node of [...this.#newest.values()])
      if (!node.ended && !pids.has(node.pid)) this.#end(node);
  }

  /** Ends a cycle: drops the dead that nobody living descends from. */
  cycle(): void {
    const leaving = this.#leaving;
    this.#leaving = [];
    for (const node of leaving) if (node.children === 0) this.#remove(node);
  }

  #see(sighting: Sighting): Node {
    const known = this.#find(sighting.pid, sighting.startTime, sighting.startTicks);
    if (known === undefined) return this.#insert(sighting, undefined);
    known.startTime ??= sighting.startTime;
    return known;
  }

  #find(pid: number, startTime: bigint | undefined, startTicks?: number): Node | undefined {
    for (let node = this.#newest.get(pid); node !== undefined; node = node.older) {
      const isSame =
        startTime !== undefined && node.startTime !== undefined
          ? startTime === node.startTime
          : node.startTicks === (startTicks ?? ticksOf(startTime));
      if (isSame) return node;
    }
    return undefined;
  }

  #insert(sighting: Sighting, parent: Node | undefined): Node {
    const older = this.#newest.get(sighting.pid);
    // The pid has another owner: whoever had it is gone, even if nobody said so.
    if (older !== undefined && !older.ended) this.#end(older);
    const node: Node = {
      pid: sighting.pid,
      startTime: sighting.startTime,
      startTicks: sighting.startTicks,
      comm: sighting.comm,
      filename: sighting.filename ?? null,
      ended: false,
      parent,
      children: 0,
      older,
    };
    if (parent !== undefined) parent.children++;
    this.#newest.set(node.pid, node);
    this.#size++;
    if (this.#size > this.capacity) this.#dropDead();
    return node;
  }

  #end(node: Node): void {
    if (node.ended) return;
    node.ended = true;
    this.#leaving.push(node);
  }

  /** With its dead ancestors, as far as nobody else needs them. */
  #remove(node: Node): void {
    let at: Node | undefined = node;
    while (at !== undefined) {
      this.#unlink(at);
      const { parent }: Node = at;
      at.parent = undefined;
      if (parent === undefined) return;
      parent.children--;
      at = parent.ended && parent.children === 0 ? parent : undefined;
    }
  }

  #unlink(node: Node): void {
    const newest = this.#newest.get(node.pid);
    if (newest === node) {
      if (node.older === undefined) this.#newest.delete(node.pid);
      else this.#newest.set(node.pid, node.older);
      this.#size--;
      return;
    }
    for (let at = newest; at !== undefined; at = at.older) {
      if (at.older !== node) continue;
      at.older = node.older;
      this.#size--;
      return;
    }
  }

  /** Full: chains get shorter, since what lives matters more. */
  #dropDead(): void {
    this.cycle();
    if (this.#size <= this.capacity) return;
    for (const node of this.#newest.values()) {
      while (node.parent?.ended) {
        const dead: Node = node.parent;
        node.parent = dead.parent;
        if (dead.parent !== undefined) dead.parent.children++;
        dead.children--;
        if (dead.children === 0) this.#remove(dead);
      }
    }
  }
}

/** USER_HZ is 100 on every architecture that we run on. */
function ticksOf(startTime: bigint | undefined): number {
  return startTime === undefined ? -1 : Number(startTime / 10_000_000n);
}
