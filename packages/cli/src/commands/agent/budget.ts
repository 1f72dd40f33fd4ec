/**
 * What an agent may cost, and what it gives up where it costs more, one step after the other: first the profile, then
 * more and more of the processes that begin in a second. A step is taken where two looks in a row found too much, and
 * taken back after a quiet while, which gets longer each time that taking it back was too early.
 */

export interface BudgetLimits {
  /** Share of one CPU: 0.5 is half of one. */
  readonly cpu: number;
  /** Resident, in bytes. */
  readonly memoryBytes: number;
}

/** What was seen since the last look. */
export interface Spent {
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly seconds: number;
}

export interface Step {
  readonly hasProfile: boolean;
  /** Processes that may begin in a second; undefined for all. */
  readonly perSecond: number | undefined;
}

export type Excess = 'cpu' | 'memory';

/** CPU time that a process takes from its birth to its row in the store, with a reserve. */
const PROCESS_SECONDS = 300e-6;
/** Of what the budget has room for. */
const SHARES = [1, 1 / 4, 1 / 16];
const LOOKS_OVER = 2;
/** Below these shares of the budget it is quiet: memory is given back late, and never all of it. */
const QUIET = { cpu: 0.6, memoryBytes: 0.9 };
const QUIET_SECONDS = 30;
const MAX_QUIET_SECONDS = 960;
/** A step that is taken again within that time was taken back too early. */
const EARLY_SECONDS = 60;

export class Budget {
  #limits: BudgetLimits;
  #level = 0;
  #looksOver = 0;
  #quietFor = 0;
  #quietSeconds = QUIET_SECONDS;
  #sinceBack = Number.POSITIVE_INFINITY;
  #excess: Excess | undefined;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** 0: nothing is given up. */
  get level(): number {
    return this.#level;
  }

  /** What there was too much of when the last step was taken. */
  get excess(): Excess | undefined {
    return this.#excess;
  }

  get step(): Step {
    const share = SHARES[this.#level - 2];
    return {
      hasProfile: this.#level === 0,
      perSecond:
        share === undefined
          ? undefined
          : Math.max(1, Math.round((share * this.#limits.cpu) / PROCESS_SECONDS)),
    };
  }

  /** Another budget, which begins with nothing given up. The same one changes nothing. */
  setLimits(limits: BudgetLimits): void {
    const { cpu, memoryBytes } = this.#limits;
    if (cpu === limits.cpu && memoryBytes === limits.memoryBytes) return;
    this.#limits = limits;
    this.#level = 0;
    this.#looksOver = 0;
    this.#quietFor = 0;
    this.#sinceBack = Number.POSITIVE_INFINITY;
  }

  /** @returns whether there is another step now */
  look({ cpu, memoryBytes, seconds }: Spent): boolean {
    this.#sinceBack += seconds;
    const limits = this.#limits;
    const isCpu = cpu > limits.cpu;
    if (isCpu || memoryBytes > limits.memoryBytes) {
      this.#quietFor = 0;
      this.#looksOver++;
      if (this.#looksOver < LOOKS_OVER || this.#level > SHARES.length) return false;
      this.#excess = isCpu ? 'cpu' : 'memory';
      this.#up();
      return true;
    }
    this.#looksOver = 0;
    const isQuiet =
      cpu < limits.cpu * QUIET.cpu && memoryBytes < limits.memoryBytes * QUIET.memoryBytes;
    this.#quietFor = isQuiet ? this.#quietFor + seconds : 0;
    if (this.#level === 0 || this.#quietFor < this.#quietSeconds) return false;
    this.#level--;
    this.#quietFor = 0;
    this.#sinceBack = 0;
    return true;
  }

  #up(): void {
    this.#level++;
    this.#looksOver = 0;
    this.#quietSeconds =
      this.#sinceBack < EARLY_SECONDS
        ? Math.min(2 * this.#quietSeconds, MAX_QUIET_SECONDS)
        : QUIET_SECONDS;
  }
}
