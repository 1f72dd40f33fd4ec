// Sums stacks of frames over a collection: what becomes a profile. Whose they were is left out but
// for the name, since a profile's readers ask for functions.

import type { ProfileFrame, ProfileStack } from '@waggle/formats';
import { FrameTable } from './frame-table.ts';
import { IDLE_FRAME, markedFunctions, softirqEntries } from './marker-frames.ts';
import type { ResolvedStack } from './stack-resolver.ts';
import type { Symbolizer } from './symbolizer.ts';

/** Whose stack it was; the thread too where threads are counted apart, else 0 and empty. */
export type SampledProcess = Pick<
  ResolvedStack,
  'pid' | 'startTime' | 'execId' | 'identity' | 'comm' | 'tid' | 'threadComm'
>;

/** The idle task of every CPU has it, and no process does. */
const IDLE_PID = 0;

/** What stands below a stack's functions in a profile, root first; at least one name. */
export type RootFrames = (owner: SampledProcess) => readonly string[];

interface CollectedStack {
  readonly roots: readonly string[];
  /** Frame ids, root first. */
  readonly frames: readonly number[];
  count: number;
}

export class StackCollector {
  private readonly table = new FrameTable();
  private readonly stacks = new Map<string, CollectedStack>();
  private total = 0;

  constructor(private readonly rootFrames: RootFrames = ({ comm }) => [comm]) {}

  get samples(): number {
    return this.total;
  }

  add(stack: ResolvedStack): void {
    const frames = stack.frames.map(({ frame }) => this.table.id(frame));
    const roots = stack.pid === IDLE_PID ? [IDLE_FRAME] : this.rootFrames(stack);
    const key = `${frames.join(',')} ${roots.join('\0')}`;
    const known = this.stacks.get(key);
    if (known === undefined) this.stacks.set(key, { roots, frames, count: stack.count });
    else known.count += stack.count;
    this.total += stack.count;
  }

  /** Everything that was added, with names. */
  async profileStacks(symbolizer: Symbolizer): Promise<readonly ProfileStack[]> {
    const functions = await symbolizer.functionsOf(this.table.frames);
    const softirqs = softirqEntries(functions);
    return [...this.stacks.values()].map((stack): ProfileStack => {
      const roots = stack.roots.map((name): ProfileFrame => ({ name, kind: 'process' }));
      const frames = markedFunctions(stack.frames, functions, softirqs);
      return { frames: [...roots, ...frames], count: stack.count };
    });
  }
}
