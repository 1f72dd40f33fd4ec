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
    }
  | { readonly kind: 'kernel'; readonly address: bigint; readonly isReturn: boolean }
  | {
      /** In memory without a file, of a process that writes a perf map. */
      readonly kind: 'jit';
      readonly map: JitMap;
      readonly address: number;
      readonly isReturn: boolean;
      /** What was there when the sample was taken in: such memory is used again for other code. */
      readonly name?: string;
    }
  | { readonly kind: 'unmapped'; readonly address: number };

type JitFrame = Extract<Frame, { kind: 'jit' }>;

export class FrameTable {
  private readonly ids = new Map<string, number>();
  private readonly list: Frame[] = [];

  get frames(): readonly Frame[] {
    return this.list;
  }

  id(seen: Frame): number {
    const frame = seen.kind === 'jit' ? named(seen) : seen;
    const key = keyOf(frame);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.list.push(frame) - 1;
    this.ids.set(key, id);
    return id;
  }
}

function named(frame: JitFrame): JitFrame {
  const hit = frame.map.lookup(frame.isReturn ? frame.address - 1 : frame.address);
  return hit === undefined ? frame : { ...frame, name: hit.name };
}

function keyOf(frame: Frame): string {
  switch (frame.kind) {
    case 'user':
      return `u${frame.isReturn ? 1 : 0}${frame.offset} ${frame.object.key}`;
    case 'kernel':
      return `k${frame.isReturn ? 1 : 0}${frame.address}`;
    case 'jit':
      // All code of one name is one frame; an address is looked up again when names are wanted.
      return frame.name === undefined
        ? `j${frame.isReturn ? 1 : 0}${frame.address} ${frame.map.key}`
        : `n${frame.map.key} ${frame.name}`;
    case 'unmapped':
      return `?${frame.address}`;
  }
}
