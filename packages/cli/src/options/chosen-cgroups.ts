/** `--cgroup` and `--container`: the directories that are followed. */

import { BadCgroup } from '@waggle/core/errors';
import { cgroupsOfContainer } from '@waggle/core/session';

interface CgroupOptions {
  readonly cgroup?: readonly string[] | undefined;
  readonly container?: readonly string[] | undefined;
}

/** The directories; undefined where none was asked for; in words what is wrong. */
export function chosenCgroups({
  cgroup,
  container,
}: CgroupOptions): readonly string[] | string | undefined {
  if (cgroup === undefined && container === undefined) return undefined;
  try {
    return [...(cgroup ?? []), ...(container ?? []).flatMap((id) => cgroupsOfContainer(id))];
  } catch (error) {
    if (error instanceof BadCgroup) return error.message;
    throw error;
  }
}
