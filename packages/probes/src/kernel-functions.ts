/** Functions and tracepoints of the running kernel, by its own list of names (/proc/kallsyms). */
import { readKallsyms } from '@waggle/symbols';
import { BadEvent } from './bad-event.ts';
import type { FunctionPattern } from './function-pattern.ts';
import { NearestNames, nearest } from './nearest.ts';

export interface KernelFunction {
  readonly name: string;
  /** 0 where kernel.kptr_restrict hides addresses. */
  readonly address: bigint;
}

const TEXT = /^([0-9a-f]+) [tTwW] (\S+)(?:\t\[.*\])?$/;
const TRACEPOINT = /^[0-9a-f]+ \S __traceiter_(\w+)/;

export class KernelFunctions {
  readonly #lines: readonly string[];

  constructor(text = readKallsyms()) {
    this.#lines = text.split('\n');
  }

  /** @throws BadEvent when there is none, or more than the limit. */
  functions(event: string, pattern: FunctionPattern, limit: number): KernelFunction[] {
    if (pattern.kind === 'line')
      throw new BadEvent('syntax', event, 'a line of the kernel cannot be probed: name a function');
    const found = new Map<string, KernelFunction>();
    const near = new NearestNames(pattern.kind === 'name' ? pattern.name : '');
    for (const line of this.#lines) {
      const [, address = '', name] = TEXT.exec(line) ?? [];
      if (name === undefined) continue;
      const isWanted =
        pattern.kind === 'name' ? name === pattern.name : pattern.expression.test(name);
      if (isWanted && !found.has(name)) found.set(name, { name, address: BigInt(`0x${address}`) });
      else if (pattern.kind === 'name') near.add(name);
    }
    if (found.size === 0)
      throw new BadEvent('unknown', event, `the kernel has no such function${near.hint}`);
    if (found.size > limit)
      throw new BadEvent(
        'too-many',
        event,
        `${found.size} functions of the kernel match, more than ${limit}: name fewer, or raise the limit (--max-probes)`,
      );
    return [...found.values()];
  }

  /** @throws BadEvent when this kernel has none of that name, with those like it. */
  expectTracepoint(event: string, name: string): void {
    const names = this.#lines.flatMap((line) => TRACEPOINT.exec(line)?.[1] ?? []);
    if (names.length === 0 || names.includes(name)) return;
    throw new BadEvent(
      'unknown',
      event,
      `this kernel has no such tracepoint${nearest(name, names)}`,
    );
  }
}
