// A thread beside the fuzzer: an input that never comes back cannot be found by the thread that is in it.
// It gets the counter of cases, and ends the process when it stands still.

declare const self: { onmessage: ((event: MessageEvent) => void) | null };

const LOOK_EVERY_MS = 1000;

self.onmessage = ({ data }) => {
  const { counter, hangMs, name, seed } = data as {
    readonly counter: SharedArrayBuffer;
    readonly hangMs: number;
    readonly name: string;
    readonly seed: number;
  };
  const cases = new Int32Array(counter);
  let last = -1;
  let since = performance.now();
  setInterval(() => {
    const now = Atomics.load(cases, 0);
    if (now !== last) [last, since] = [now, performance.now()];
    if (now < 0 || performance.now() - since < hangMs) return;
    console.error(
      `${name}: case ${now} of seed ${seed} does not end; again by --target ${name} --seed ${seed} --case ${now}`,
    );
    process.kill(process.pid, 'SIGKILL');
  }, LOOK_EVERY_MS);
};
