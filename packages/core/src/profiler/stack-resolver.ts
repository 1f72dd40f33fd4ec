// Addresses to (object, file offset), with the mappings that held when they were sampled. Names
// come later; this has to happen while the mappings are known.

import type { AddressSpaces } from './address-spaces.ts';
import type { Frame } from './frame-table.ts';
import type { JitMaps } from './jit-maps.ts';
import { isGenerated, type ObjectFiles } from './object-files.ts';
import type { StackCount } from './sample-maps.ts';

export interface ResolvedFrame {
  readonly frame: Frame;
  readonly address: bigint;
}

const TRUNCATED: ResolvedFrame = { frame: { kind: 'truncated' }, address: 0n };

export interface ResolvedStack {
  readonly pid: number;
  readonly startTime: bigint;
  readonly execId: number;
  readonly comm: string;
  readonly tid: number;
  readonly threadComm: string;
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
    private readonly jitMaps: JitMaps,
  ) {}

  resolve(stack: StackCount): ResolvedStack {
    return {
      pid: stack.pid,
      startTime: stack.startTime,
      execId: Number(stack.execId),
      comm: stack.comm,
      tid: stack.tid,
      threadComm: stack.threadComm,
      cpu: stack.cpu,
      count: stack.count,
      lastTime: stack.lastTime,
      frames: [...this.userFrames(stack), ...kernelFrames(stack)],
    };
  }

  private userFrames(stack: StackCount): ResolvedFrame[] {
    const { user, interrupted } = stack;
    const frames = user.map((address, depth): ResolvedFrame => {
      const isReturn = depth > 0 && !interrupted.includes(depth);
      const isSignalReturn = interrupted.includes(depth + 1);
      return {
        frame: this.userFrame(stack, address, isReturn, isSignalReturn),
        address: BigInt(address),
      };
    });
    // Code without frame pointers at the root leaves a word there that was never an address.
    const root = frames.findLastIndex(({ frame }) => isCode(frame));
    const whole = (root < 0 ? frames.slice(0, 1) : frames.slice(0, root + 1)).reverse();
    return stack.truncated ? [TRUNCATED, ...whole] : whole;
  }

  private userFrame(
    stack: StackCount,
    address: number,
    isReturn: boolean,
    isSignalReturn: boolean,
  ): Frame {
    const mapping = this.spaces.find(stack.pid, address, stack.lastTime);
    const object = mapping && (mapping.object ?? this.objects.of(stack.pid, mapping));
    if (object === undefined || isGenerated(object)) {
      const map = this.jitMaps.of(stack, () => this.jitDump(stack));
      if (map !== undefined) {
        const name = map.lookup(isReturn ? address - 1 : address)?.name;
        return { kind: 'jit', map, address, name, isReturn };
      }
    }
    if (mapping === undefined || object === undefined) return { kind: 'unmapped', address };
    return {
      kind: 'user',
      object,
      offset: address - mapping.start + mapping.fileOffset,
      isReturn,
      isSignalReturn,
    };
  }

  private jitDump({ pid, lastTime }: StackCount): number | undefined {
    const mapping = this.spaces.jitDump(pid, lastTime);
    return mapping && (mapping.object ?? this.objects.of(pid, mapping)).fd;
  }
}

function isCode(frame: Frame): boolean {
  return frame.kind === 'user' || (frame.kind === 'jit' && frame.name !== undefined);
}

function kernelFrames(stack: StackCount): ResolvedFrame[] {
  return stack.kernel
    .map((address, depth): ResolvedFrame => {
      return { frame: { kind: 'kernel', address, isReturn: depth > 0 }, address };
    })
    .reverse();
}
