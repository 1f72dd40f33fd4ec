/**
 * Where in the source a frame is, on its way to files and back; and which frames of a stack share an
 * address, because the compiler put the later ones into the code of the first.
 */
import type { ProfileFrame, ProfileStack } from './profile.ts';
import type { StackKeys } from './stack-keys.ts';

type Place = Pick<ProfileFrame, 'file' | 'line'>;

/** The fields of a frame for a place that was read: neither no file nor line 0 is one. */
export function placeOf(file: string | undefined, line: number | undefined): Place {
  return {
    ...(file === undefined || file === '' ? {} : { file }),
    ...(line !== undefined && Number.isSafeInteger(line) && line > 0 ? { line } : {}),
  };
}

/**
 * The stack by addresses, root first: each a function and those that were inlined there, outermost
 * first. An inlined frame whose caller is of another object, or missing, has to stand alone.
 */
export function byAddress(frames: readonly ProfileFrame[]): readonly (readonly ProfileFrame[])[] {
  const addresses: ProfileFrame[][] = [];
  for (const frame of frames) {
    const last = addresses.at(-1);
    const caller = last?.[0];
    if (frame.inlined && caller?.kind === frame.kind && caller.object === frame.object)
      last?.push(frame);
    else addresses.push([frame]);
  }
  return addresses;
}

/** The outermost function of each address in the stacks, one of those that are the same. */
export function* outermostOf(
  stacks: readonly Pick<ProfileStack, 'frames'>[],
  keys: StackKeys,
): Iterable<ProfileFrame> {
  const met = new Uint8Array(keys.size);
  for (const { frames } of stacks)
    for (const [outermost] of byAddress(frames)) {
      if (outermost === undefined) continue;
      const rank = keys.rankOf(outermost);
      if (met[rank] === 1) continue;
      met[rank] = 1;
      yield outermost;
    }
}
