// What a process holds in the kernel of BPF, and whether it is gone after it. Ids come from the
// descriptors of that very process, so that others who use BPF at the same time do not matter.

import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from './deadline.ts';
import { workload } from './workloads.ts';

/** The kernel frees what nobody holds after a grace period, a moment later. */
const FREED_WITHIN_MS = 10_000;

/** `prog 12`, `map 7`, `link 3`: everything that the descriptors of a process hold. */
export function heldBpfObjects(pid: number): Set<string> {
  const held = new Set<string>();
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fdinfo`);
  } catch {
    return held;
  }
  for (const name of names) {
    let info: string;
    try {
      info = readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8');
    } catch {
      // Closed between the listing and the reading.
      continue;
    }
    for (const [, kind = '', id = ''] of info.matchAll(/^(prog|map|link)_id:\t(\d+)$/gm))
      held.add(`${kind} ${id}`);
  }
  return held;
}

/** `prog 12`, `map 7`, `link 3`: everything that the kernel has now, whoever holds it. */
export function existingBpfObjects(): Set<string> {
  const result = Bun.spawnSync([workload('bpf_ids')]);
  if (!result.success) throw new Error(`bpf_ids: ${result.stderr.toString()}`);
  return new Set(result.stdout.toString().trim().split('\n'));
}

/** @throws when one of these is still in the kernel after the grace period. */
export async function expectFreed(objects: ReadonlySet<string>): Promise<void> {
  let left: string[] = [];
  try {
    await eventually(
      'BPF objects to be freed',
      () => {
        const existing = existingBpfObjects();
        left = [...objects].filter((object) => existing.has(object));
        return left.length === 0;
      },
      FREED_WITHIN_MS,
    );
  } catch {
    throw new Error(`left in the kernel: ${left.join(', ')}`);
  }
}
