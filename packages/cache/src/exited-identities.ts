/**
 * Exits of the last two cycles, so that what arrives late about a dead process does not bring it
 * back for good: an exec record that comes after the exit is put straight into its grace, or
 * dropped if that is over, and a process that is still visible while it ends is not loaded anew.
 * Bounded: the oldest go first.
 */
import { isSameProcess, type KnownIdentity } from './identity.ts';

export class ExitedIdentities {
  #thisCycle = new Map<number, KnownIdentity>();
  #lastCycle = new Map<number, KnownIdentity>();
  /** Of this cycle, once there are too many: what was deleted before it is not gone through again each time. */
  #oldest: Iterator<number> | undefined;

  add(identity: KnownIdentity, limit: number): void {
    this.#thisCycle.delete(identity.pid);
    this.#thisCycle.set(identity.pid, identity);
    if (this.#thisCycle.size <= limit) return;
    this.#oldest ??= this.#thisCycle.keys();
    const { value, done } = this.#oldest.next();
    if (!done) this.#thisCycle.delete(value);
  }

  /** In which part of its end a process is; `undefined` if no exit was announced lately. */
  phaseOf(identity: KnownIdentity): 'grace' | 'over' | undefined {
    if (holds(this.#thisCycle, identity)) return 'grace';
    return holds(this.#lastCycle, identity) ? 'over' : undefined;
  }

  /** Starts the next cycle. */
  rotate(): void {
    this.#lastCycle = this.#thisCycle;
    this.#thisCycle = new Map();
    this.#oldest = undefined;
  }

  clear(): void {
    this.#thisCycle.clear();
    this.#lastCycle.clear();
    this.#oldest = undefined;
  }
}

function holds(cycle: ReadonlyMap<number, KnownIdentity>, identity: KnownIdentity): boolean {
  const exited = cycle.get(identity.pid);
  return exited !== undefined && isSameProcess(exited, identity);
}
