// `waggle top` in a terminal of its own, with what it writes: for benchmarks that press keys and look at the screen.

import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { cpuSeconds } from '../../../bench/process-usage.ts';
import { ScreenText } from './screen-text.ts';

const root = resolve(import.meta.dir, '../../..');
/** Longer than any picture takes. */
const PATIENCE_MS = 30_000;

export class LiveTop {
  readonly #screen = new ScreenText(140, 40);
  readonly #decoder = new TextDecoder();
  readonly #terminal = new Bun.Terminal({
    ...{ cols: 140, rows: 40 },
    data: (_, bytes) => {
      this.#screen.write(this.#decoder.decode(bytes, { stream: true }));
    },
  });
  readonly #child: Bun.Subprocess;

  /** @param settings where it remembers what was chosen. @param options of the command line */
  constructor(settings: string, options: readonly string[] = []) {
    this.#child = Bun.spawn([join(root, 'waggle'), 'top', ...options], {
      terminal: this.#terminal,
      env: { ...process.env, TERM: 'xterm-256color', XDG_CONFIG_HOME: settings },
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  type(keys: string): void {
    this.#terminal.write(keys);
  }

  /** Milliseconds until that is on its screen. */
  async shows(what: string): Promise<number> {
    const from = performance.now();
    while (!this.#screen.has(what)) {
      if (performance.now() - from > PATIENCE_MS) throw new Error(`top never showed ${what}`);
      await Bun.sleep(1);
    }
    return performance.now() - from;
  }

  /** Milliseconds until it shows one after the other of what these keys bring. */
  async presses(
    keys: readonly (readonly [key: string, shows: string])[],
    count: number,
    everyMs: number,
  ): Promise<number[]> {
    const latencies: number[] = [];
    for (let at = 0; at < count; at++) {
      const [key = '', shown = ''] = keys[at % keys.length] ?? [];
      this.type(key);
      latencies.push(await this.shows(shown));
      await Bun.sleep(everyMs);
    }
    return latencies;
  }

  /** Events, as it says itself. */
  lost(): number {
    return Number(this.#screen.match(/lost (\d+) events, (\d+) samples/)?.[1] ?? 0);
  }

  async quit(): Promise<void> {
    this.type('q');
    await this.#child.exited;
    this.#terminal.close();
  }
}

/** Of one CPU. */
export async function cpuPercent(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const from = performance.now();
  await Bun.sleep(seconds * 1000);
  return ((cpuSeconds(pid) - before) / (performance.now() - from)) * 100_000;
}

/** A program of tests/workloads. */
export function compile(folder: string, source: string, ...flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const { status } = spawnSync('cc', [
    '-O2',
    ...flags,
    '-o',
    output,
    join(root, 'tests/workloads', source),
  ]);
  if (status !== 0) throw new Error(`${source} does not compile`);
  return output;
}
