// Drained stacks to frames, aggregated over the whole recording. Each address is resolved to an
// object with the mappings that held when it was sampled, while they are known; names wait.

import type { Profile, ProfileFrame, ProfileMetadata, ProfileStack } from '@waggle/formats';
import type { AddressSpaces } from './address-spaces.ts';
import { FrameTable } from './frame-table.ts';
import type { ObjectFiles } from './object-files.ts';
import type { StackCount } from './sample-maps.ts';
import type { Symbolizer } from './symbolizer.ts';

interface CollectedStack {
  readonly comm: string;
  /** Frame ids, root first. */
  readonly frames: readonly number[];
  count: number;
}

export class StackCollector {
  private readonly table = new FrameTable();
  private readonly stacks = new Map<string, CollectedStack>();
  private total = 0;

  constructor(
    private readonly spaces: AddressSpaces,
    private readonly objects: ObjectFiles,
  ) {}

  get samples(): number {
    return this.total;
  }

  add(stack: StackCount): void {
    const frames = [...this.userFrames(stack), ...this.kernelFrames(stack)];
    const key = `${frames.join(',')} ${stack.comm}`;
    const known = this.stacks.get(key);
    if (known === undefined) this.stacks.set(key, { comm: stack.comm, frames, count: stack.count });
    else known.count += stack.count;
    this.total += stack.count;
  }

  profile(symbolizer: Symbolizer, metadata: ProfileMetadata): Profile {
    const names = this.table.frames.map((frame) => symbolizer.name(frame));
    const stacks = [...this.stacks.values()].map((stack): ProfileStack => {
      const root: ProfileFrame = { name: stack.comm, kind: 'process' };
      const frames = stack.frames.map((id) => names[id]).filter((frame) => frame !== undefined);
      return { frames: [root, ...frames], count: stack.count };
    });
    return { stacks, metadata };
  }

  private userFrames(stack: StackCount): number[] {
    const frames = stack.user.map((address, depth) => {
      const mapping = this.spaces.find(stack.pid, address, stack.lastTime);
      if (mapping === undefined) return { kind: 'unmapped', address } as const;
      return {
        kind: 'user',
        object: this.objects.of(stack.pid, mapping),
        offset: address - mapping.start + mapping.fileOffset,
        isReturn: depth > 0,
      } as const;
    });
    // Code without frame pointers at the root leaves a word there that was never an address.
    const isMapped = frames.map((frame) => frame.kind === 'user');
    const root = isMapped.lastIndexOf(true);
    const kept = root < 0 ? frames.slice(0, 1) : frames.slice(0, root + 1);
    return kept.map((frame) => this.table.id(frame)).reverse();
  }

  private kernelFrames(stack: StackCount): number[] {
    return stack.kernel
      .map((address, depth) => this.table.id({ kind: 'kernel', address, isReturn: depth > 0 }))
      .reverse();
  }
}
