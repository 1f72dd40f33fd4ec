/**
 * Who descends from whom, the dead included as long as somebody living descends from them. A
 * parent here is who called fork, not who adopted an orphan later: that is what explains a process.
 */

import {
  type IdentityQuery,
  isSameProcess,
  type KnownIdentity,
  knownIdentity,
  type StartTimeScale,
} from '@waggle/cache';

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
  /** As far as it is known: without nanoseconds while only /proc has told of it. */
  identity: KnownIdentity;
  startTime: bigint | undefined;
  comm: string;
  filename: string | null;
  ended: boolean;
  parent: Node | undefined;
  /** Nodes whose parent it is. */
  children: number;
  /** The one that had this pid before and is still needed. */
  older: Node | undefined;
}

/** What the tree takes in of a process; its identity decides who it is. */
export interface ProcessObservation {
  readonly identity: IdentityQuery;
  readonly comm: string;
  readonly filename?: string | null | undefined;
}

const DEFAULT_CAPACITY = 65_536;
/** USER_HZ is 100 on every architecture that we run on. */
const DEFAULT_SCALE: StartTimeScale = { clockTicksPerSecond: 100 };
/** No real chain of processes is that long; a wrong one must not hang us. */
const MAX_ANCESTORS = 1024;

export class ProcessTree {
  readonly #newest = new Map<number, Node>();
  /** Ended, and not needed by a descendant: they go when the cycle ends. */
  #leaving: Node[] = [];
  #size = 0;

  readonly #capacity: number;
  readonly #scale: StartTimeScale;

  /** @param capacity of nodes; beyond it the dead go even if they have living descendants. */
  constructor(
    capacity = DEFAULT_CAPACITY,
    /** Of identities that are told in ticks. */
    scale = DEFAULT_SCALE,
  ) {
    this.#capacity = capacity;
    this.#scale = scale;
  }

  /** Nodes, the ended ones included. */
  get size(): number {
    return this.#size;
  }

  /** @throws TypeError or RangeError, with a `code`, for an identity that is none. */
  find(identity: IdentityQuery): TreeNode | undefined {
    return this.#find(knownIdentity(identity, this.#scale));
  }

  /**
   * Parent first, up to the first process that is known.
   * @throws TypeError or RangeError, with a `code`, for an identity that is none.
   */
  ancestors(identity: IdentityQuery): readonly TreeNode[] {
    const found: TreeNode[] = [];
    let node = this.#find(knownIdentity(identity, this.#scale))?.parent;
    for (; node !== undefined && found.length < MAX_ANCESTORS; node = node.parent) found.push(node);
    return found;
  }

  /**
   * A process was born. Its parent may be unknown.
   * @throws TypeError or RangeError, with a `code`, for an identity that is none.
   */
  fork(parent: ProcessObservation, child: ProcessObservation): void {
    const from = this.#see(parent);
    this.#insert({ ...child, filename: child.filename ?? from.filename }, from);
  }

  /**
   * It runs this program now.
   * @throws TypeError or RangeError, with a `code`, for an identity that is none.
   */
  exec(process: ProcessObservation, parent?: ProcessObservation): void {
    const node = this.#seeChild(process, parent);
    node.comm = process.comm;
    node.filename = process.filename ?? node.filename;
  }

  /**
   * It ended; it can be found until the cycle ends, and as an ancestor as long as needed.
   * @throws TypeError or RangeError, with a `code`, for an identity that is none.
   */
  exit(process: ProcessObservation, parent?: ProcessObservation): void {
    const node = this.#seeChild(process, parent);
    this.#end(node);
  }

  /**
   * From a walk of /proc: who is there. Those that events told of stay as they are.
   * @throws TypeError or RangeError, with a `code`, for an identity that is none.
   */
  seed(process: ProcessObservation, ppid: number): void {
    const known = this.#find(knownIdentity(process.identity, this.#scale));
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

  #see(process: ProcessObservation): Node {
    return this.#recognized(process) ?? this.#insert(process, undefined);
  }

  #seeChild(process: ProcessObservation, parent: ProcessObservation | undefined): Node {
    const known = this.#recognized(process);
    if (known !== undefined) return known;
    return this.#insert(process, parent === undefined ? undefined : this.#see(parent));
  }

  /** The node that it has, which may have been known by its ticks alone. */
  #recognized(process: ProcessObservation): Node | undefined {
    const identity = knownIdentity(process.identity, this.#scale);
    const node = this.#find(identity);
    if (node !== undefined && node.startTime === undefined) {
      node.identity = identity;
      node.startTime = identity.startBoottimeNs;
    }
    return node;
  }

  #find(identity: KnownIdentity): Node | undefined {
    let node = this.#newest.get(identity.pid);
    while (node !== undefined && !isSameProcess(node.identity, identity)) node = node.older;
    return node;
  }

  #insert(process: ProcessObservation, parent: Node | undefined): Node {
    const identity = knownIdentity(process.identity, this.#scale);
    const older = this.#newest.get(identity.pid);
    // The pid has another owner: whoever had it is gone, even if nobody said so.
    if (older !== undefined && !older.ended) this.#end(older);
    const node: Node = {
      pid: identity.pid,
      identity,
      startTime: identity.startBoottimeNs,
      comm: process.comm,
      filename: process.filename ?? null,
      ended: false,
      parent,
      children: 0,
      older,
    };
    if (parent !== undefined) parent.children++;
    this.#newest.set(node.pid, node);
    this.#size++;
    if (this.#size > this.#capacity) this.#dropDead();
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
    if (this.#size <= this.#capacity) return;
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
