// A terminal with a shell in it: tmux, without a person. Keys go in, the screen's text comes out. Ended with
// its scope, with everything that ran in it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './deadline.ts';
import { WAGGLE } from './waggle.ts';

/** As an interactive shell shows it, and nothing else. */
const PROMPT = 'shell-prompt>';

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class Terminal implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'waggle-terminal-'));
  readonly #socket = join(this.#folder, 'tmux');

  constructor({ columns = 100, rows = 30, env = {} }: TerminalOptions = {}) {
    // What one test chooses is nobody else's, least of all the person's who runs them.
    const own = { PS1: PROMPT, XDG_CONFIG_HOME: join(this.#folder, 'config') };
    const variables = Object.entries({ ...own, ...env }).flatMap(([name, value]) => [
      '-e',
      `${name}=${value}`,
    ]);
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, ...variables, 'bash --norc -i');
  }

  /** A line for the shell. */
  type(line: string): void {
    this.#tmux('send-keys', '-l', line);
    this.#tmux('send-keys', 'Enter');
  }

  /** `waggle` with arguments, and its exit code when it has ended. */
  waggle(args: string, before = ''): void {
    this.type(`${before}${WAGGLE.join(' ')} ${args}; echo "code=$?"`);
  }

  /** Keys by tmux's names: `Enter`, `Escape`, `C-z`, `Down`, or a character. */
  keys(...names: string[]): void {
    for (const name of names) this.#tmux('send-keys', name);
  }

  /** Bytes as a terminal sends them, such as those of a mouse. */
  bytes(text: string): void {
    const hex = [...Buffer.from(text)].map((byte) => byte.toString(16));
    this.#tmux('send-keys', '-H', ...hex);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** @param escapes with the sequences for colours */
  screen(escapes = false): string {
    return this.#tmux('capture-pane', '-p', ...(escapes ? ['-e', '-N'] : []));
  }

  /** The screen when it has that. */
  async shows(what: string | RegExp): Promise<string> {
    let last = '';
    try {
      return await eventually(`${what} on the screen`, () => {
        last = this.screen();
        return (typeof what === 'string' ? last.includes(what) : what.test(last)) && last;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}; it has:\n${last}`);
    }
  }

  /** The pid of what runs in it, by its command line. */
  pidOf(pattern: RegExp): number | undefined {
    const pane = Number(this.#tmux('display-message', '-p', '#{pane_pid}'));
    const listed = Bun.spawnSync(['ps', '-o', 'pid=,args=', '--ppid', String(pane)]);
    const line = listed.stdout
      .toString()
      .split('\n')
      .find((each) => pattern.test(each));
    return line === undefined ? undefined : Number.parseInt(line, 10);
  }

  [Symbol.dispose](): void {
    Bun.spawnSync(['tmux', '-S', this.#socket, 'kill-server']);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #tmux(...args: string[]): string {
    const { exitCode, stdout, stderr } = Bun.spawnSync(['tmux', '-S', this.#socket, ...args], {
      env: { ...process.env, NO_COLOR: undefined, COLORTERM: 'truecolor', TERM: 'xterm-256color' },
    });
    if (exitCode !== 0) throw new Error(`tmux ${args[0]}: ${stderr.toString()}`);
    return stdout.toString();
  }
}
