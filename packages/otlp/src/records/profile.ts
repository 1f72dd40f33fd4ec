/** A span's profile as others want it: the process by its name and labels, not by our key. */

import type { Profile } from '@waggle/formats';
import type { Attributes } from '../schema/attributes.ts';

/** `PID:START` is at the root of each stack, and the name behind it. */
const OWNER = /^(\d+):(\d+)$/;

export function fleetProfile(profile: Profile): Profile {
  return {
    ...profile,
    stacks: profile.stacks.map((stack) => {
      const [owner, ...frames] = stack.frames;
      const [, pid] = OWNER.exec(owner?.name ?? '') ?? [];
      if (pid === undefined) return stack;
      const comm = frames[0]?.name;
      return {
        ...stack,
        frames,
        labels: { ...stack.labels, pid: Number(pid), ...(comm === undefined ? {} : { comm }) },
      };
    }),
  };
}

/** Attributes that are texts, which is what the encoder of profiles takes. */
export function profileResource(resource: Attributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(resource).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, Array.isArray(value) ? value.join(' ') : String(value)]],
    ),
  );
}
