// A recording of `waggle record` at 999 Hz: its stacks, and what it says of them.

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoldedStack, parseFolded } from './folded.ts';
import { Waggle } from './waggle.ts';
import { freshFolder } from './workloads.ts';

export class Recorded {
  private constructor(
    readonly stacks: readonly FoldedStack[],
    readonly stderr: string,
  ) {}

  /** @param args of `waggle record`, behind frequency and output */
  static async of(args: readonly string[]): Promise<Recorded> {
    const path = join(freshFolder(), 'out.folded');
    const { code, stderr } = await Waggle.run(['record', '-F', '999', '-o', path, ...args]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return new Recorded(parseFolded(readFileSync(path, 'utf8')), stderr);
  }

  /** Percent of user stacks that reach their outermost frame. @throws with the summary if unsaid. */
  readonly complete = (): number => {
    const said = /([\d.]+) % of user stacks are complete/.exec(this.stderr)?.[1];
    if (said === undefined) throw new Error(`nothing on complete stacks:\n${this.stderr}`);
    return Number(said);
  };
}
