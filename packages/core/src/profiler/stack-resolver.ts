// Addresses to (object, file offset), with the mappings that held when they were sampled. Names
// come later; this has to happen while the mappings are known.

import type { AddressSpaces } from './address-spaces.ts';
import type { Frame } from './frame-table.ts';
import type { ObjectFiles } from './object-files.ts';
import type { StackCount } from './sample-maps.ts';

export interface ResolvedFrame {
  readonly frame: Frame;
  readonly address: bigint;
}

export interface ResolvedStack {
  readonly pid: number;
  readonly startTime: bigint;
  readonly execId: number;
  readonly comm: string;
  readonly cpu: number;
  readonly count: number;
  readonly lastTime: bigint;
  /** Root first. */
  readonly frames: readonly ResolvedFrame[];
}

export class StackResolver {
  constructor(
    private readonly spaces: AddressSpaces,
    private readonly objects: ObjectFiles,
  ) {}

  resolve(stack: StackCount): ResolvedStack {
    return {
      pid: stack.pid,
      startTime: stack.startTime,
      execId: Number(stack.execId),
      comm: stack.comm,
      cpu: stack.cpu,
      count: stack.count,
      lastTime: stack.lastTime,
      frames: [...this.userFrames(stack), ...kernelFrames(stack)],
    };
  }

  private userFrames(stack: StackCount): ResolvedFrame[] {
    const frames = stack.user.map((address, depth): ResolvedFrame => {
      const mapping = this.spaces.find(stack.pid, address, stack.lastTime);
      const frame: Frame =
        mapping === undefined
          ? { kind: 'unmapped', address }
          : {
              kind: 'user',
              object: this.objects.of(stack.pid, mapping),
              offset: address - mapping.start + mapping.fileOffset,
              isReturn: depth > 0,
            };
      return { frame, address: BigInt(address) };
    });
    // Code without frame pointers at the root leaves a word there that was never an address.
    const root = frames.findLastIndex(({ frame }) => frame.kind === 'user');
    return (root < 0 ? frames.slice(0, 1) : frames.slice(0, root + 1)).reverse();
  }
}

function kernelFrames(stack: StackCount): ResolvedFrame[] {
  return stack.kernel
    .map((address, depth): ResolvedFrame => {
      return { frame: { kind: 'kernel', address, isReturn: depth > 0 }, address };
    })
    .reverse();
}
