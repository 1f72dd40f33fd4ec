/**
 * Whose a stack is, in a profile: the names that it stands on, and its labels. Both are asked for once for each
 * distinct stack, soon after it was sampled. Stacks of two owners are never one, so what labels tell apart is
 * what they cost: docs/adr/0014-labels.md has it in figures.
 */

import type { ProfileFrame, ProfileLabels } from '@waggle/formats';

type Frames = readonly ProfileFrame[];

export interface StackOwner {
  /** Root first; at least one. */
  readonly roots: readonly string[];
  readonly labels: ProfileLabels | undefined;
}

/** Equal for owners that are the same. */
export function ownerKey({ roots, labels }: StackOwner): string {
  const names = roots.join('\0');
  return labels === undefined ? names : `${names}\0\0${JSON.stringify(labels)}`;
}

/** The frame that an owner's stacks stand on. Its labels are the stack's, once that is whole. */
interface OwnerFrame extends ProfileFrame {
  readonly labels?: ProfileLabels | undefined;
}

export function ownerFrames({ roots, labels }: StackOwner): Frames {
  return roots.map((name, index): OwnerFrame => {
    const frame = { name, kind: 'process' } as const;
    return index === 0 && labels !== undefined ? { ...frame, labels } : frame;
  });
}

/** The labels of a stack by its owner's frames, and those frames without them. */
export function splitOwner(functions: Frames): {
  readonly frames: Frames;
  readonly labels: ProfileLabels | undefined;
} {
  const [root, ...rest] = functions as readonly OwnerFrame[];
  if (root?.labels === undefined) return { frames: functions, labels: undefined };
  const { labels, ...frame } = root;
  return { frames: [frame, ...rest], labels };
}

/** Without what is different in each process: there are too many stacks to tell those apart. */
export function coarseOwner(functions: Frames): Frames {
  const { frames, labels } = splitOwner(functions);
  const [root, ...rest] = frames;
  if (root === undefined || labels === undefined) return functions;
  const { pid: _pid, tid: _tid, thread: _thread, time: _time, ...kept } = labels;
  return [{ ...root, labels: kept } as OwnerFrame, ...rest];
}
