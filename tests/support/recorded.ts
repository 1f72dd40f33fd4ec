// A recording of `waggle record` at 999 Hz: its stacks, its exit code and what it says of them.

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoldedStack, parseFolded } from './folded.ts';
import { Waggle } from './waggle.ts';
import { freshFolder } from './workloads.ts';

/** Samples a second on each CPU. */
export const RECORDED_HZ = 999;

export class Recorded {
  private constructor(
    readonly stacks: FoldedStack[],
    readonly code: number,
    /** The command writes to it, too. */
    readonly stdout: string,
    readonly stderr: string,
  ) {}

  /** @param args of `waggle record`, behind frequency and output. Its exit code has to be 0. */
  static async of(args: readonly string[]): Promise<Recorded> {
    return (await Recorded.withAnyCode(args)).#expectSuccess();
  }

  /** The same of a command that may fail, whose exit code is waggle's. */
  static async withAnyCode(args: readonly string[]): Promise<Recorded> {
    const path = join(freshFolder(), 'out.folded');
    const result = await Waggle.run(['record', '-F', String(RECORDED_HZ), '-o', path, ...args]);
    const { code, stdout, stderr } = result;
    return new Recorded(parseFolded(readFileSync(path, 'utf8')), code, stdout, stderr);
  }

  /** What happens during `work`, which is given a folder for its files; then the recording is ended. */
  static async during(
    args: readonly string[],
    work: (folder: string) => Promise<void>,
  ): Promise<Recorded> {
    const folder = freshFolder();
    const path = join(folder, 'out.folded');
    await using waggle = await Waggle.record([...args, '-F', String(RECORDED_HZ), '-o', path]);
    await work(folder);
    const { code, stdout, stderr } = await waggle.stop('SIGINT');
    const stacks = parseFolded(readFileSync(path, 'utf8'));
    return new Recorded(stacks, code, stdout, stderr).#expectSuccess();
  }

  /** Percent of user stacks that reach their outermost frame. @throws with the summary if unsaid. */
  readonly complete = (): number => {
    const said = /([\d.]+) % of user stacks are complete/.exec(this.stderr)?.[1];
    if (said === undefined) throw new Error(`nothing on complete stacks:\n${this.stderr}`);
    return Number(said);
  };

  #expectSuccess(): this {
    const { code, stderr } = this;
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return this;
  }
}
