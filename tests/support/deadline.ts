// Waiting for what must happen: looks again and again until a deadline, which is far beyond what a
// busy machine needs, and then says what was awaited.

const LOOK_EVERY_MS = 10;

type Nothing = undefined | null | false;

/** The first value that is something: not undefined, null or false. @throws after the deadline. */
export async function eventually<T>(
  what: string,
  look: () => T | Nothing | Promise<T | Nothing>,
  deadlineMs = 60_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}

/** The promise's value. @throws after the deadline. */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  deadlineMs = 60_000,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`waited ${deadlineMs} ms for ${what}`));
    timer = setTimeout(fail, deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Does that to each, two at a time: commands that wait for the kernel and for each other leave room for a second.
 * @throws what the first that failed threw; none is begun after that, and none goes on.
 */
export async function inPairs<T>(
  all: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = all.values();
  let hasFailed = false;
  const worker = async () => {
    for (const one of rest) {
      if (hasFailed) return;
      try {
        await work(one);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled([worker(), worker()]);
  for (const settled of workers) if (settled.status === 'rejected') throw settled.reason;
}

/** So many at a time; who comes later waits for the first of them to end. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
