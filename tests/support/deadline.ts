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
