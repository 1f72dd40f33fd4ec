// Frames as (object, file offset), interned to small numbers: what stays of an address once its
// mapping is known. Names come later, one look-up per distinct frame.

import type { JitMap } from './jit-maps.ts';
import type { ObjectFile } from './object-files.ts';

export type Frame =
  | {
      readonly kind: 'user';
      readonly object: ObjectFile;
      readonly offset: number;
      readonly isReturn: boolean;
      /** What a signal handler returns to: it asks the kernel to go back. */
      readonly isSignalReturn: boolean;
    }
  | { readonly kind: 'kernel'; readonly address: bigint; readonly isReturn: boolean }
  | {
      /** In memory without a file, of a process that writes a perf map. */
      readonly kind: 'jit';
      readonly map: JitMap;
      readonly address: number;
      /** What the map called it then; it may call other code so when it is there later. */
      readonly name: string | undefined;
      readonly isReturn: boolean;
    }
  | { readonly kind: 'unmapped'; readonly address: number }
  /** Stands for callers that were too far away. */
  | { readonly kind: 'truncated' };

export class FrameTable {
  private readonly ids = new Map<string, number>();
  private readonly list: Frame[] = [];

  get frames(): readonly Frame[] {
    return this.list;
  }

  id(frame: Frame): number {
    const key = keyOf(frame);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.list.push(frame) - 1;
    this.ids.set(key, id);
    return id;
  }
}

function keyOf(frame: Frame): string {
  switch (frame.kind) {
    case 'user':
      return `u${frame.isSignalReturn ? 2 : frame.isReturn ? 1 : 0}${frame.offset} ${frame.object.key}`;
    case 'kernel':
      return `k${frame.isReturn ? 1 : 0}${frame.address}`;
    case 'jit':
      if (frame.name !== undefined) return `J${frame.name}`;
      return `j${frame.isReturn ? 1 : 0}${frame.address} ${frame.map.key}`;
    case 'unmapped':
      return `?${frame.address}`;
    case 'truncated':
      return '...';
  }
}
