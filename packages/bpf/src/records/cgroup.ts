/**
 * The names of cgroups in a cgroup_record: for each hierarchy its kind, then the names from the
 * cgroup up to the root, whose own is empty. And what became of a followed cgroup.
 */

import { cgroupHierarchy, cgroupRecord, followedRecord, recordType } from '../generated/layouts.ts';
import { type RecordMemory, u53 } from './reader.ts';
import type { CgroupPath, CgroupRecord, FollowedRecord } from './record.ts';
import { decodeText } from './text.ts';

const AT = cgroupRecord.offset;

const CONTROLLERS: Readonly<Record<number, string>> = {
  [cgroupHierarchy.HIERARCHY_MEMORY]: 'memory',
  [cgroupHierarchy.HIERARCHY_PIDS]: 'pids',
  [cgroupHierarchy.HIERARCHY_CPU]: 'cpu',
  [cgroupHierarchy.HIERARCHY_CPUSET]: 'cpuset',
  [cgroupHierarchy.HIERARCHY_DEVICES]: 'devices',
  [cgroupHierarchy.HIERARCHY_NAMED]: 'name=',
};

/** The record at `offset`, or undefined where it is another. Of names that were cut: what is there. */
export function decodeCgroup(
  { bytes, view }: RecordMemory,
  offset: number,
): CgroupRecord | undefined {
  if (view.getUint16(offset + AT.type, true) !== recordType.RECORD_CGROUP) return undefined;
  const end = Math.min(offset + AT.names + view.getUint32(offset + AT.length, true), bytes.length);
  const paths: CgroupPath[] = [];
  let at = offset + AT.names;
  while (at < end) {
    const hierarchy = bytes[at++] ?? 0;
    const names: string[] = [];
    for (;;) {
      let stop = at;
      while (stop < end && bytes[stop] !== 0) stop++;
      const name = decodeText(bytes, at, stop);
      at = stop + 1;
      if (name === '') break;
      names.push(name);
    }
    paths.push({
      version: hierarchy === cgroupHierarchy.HIERARCHY_V2 ? 2 : 1,
      controllers: CONTROLLERS[hierarchy] ?? '',
      path: `/${names.reverse().join('/')}`,
    });
  }
  return { key: u53(view, offset + AT.key), paths };
}

/** The record at `offset`, or undefined where it is another. */
export function decodeFollowed({ view }: RecordMemory, offset: number): FollowedRecord | undefined {
  const at = followedRecord.offset;
  if (view.getUint16(offset + at.type, true) !== recordType.RECORD_FOLLOWED) return undefined;
  return {
    step: view.getUint32(offset + at.step, true),
    exists: view.getUint16(offset + at.exists, true) !== 0,
  };
}
