/**
 * /proc/PID/cgroup and the container id in it. Lines are `hierarchy:controllers:path`; cgroup v2
 * is hierarchy 0 with no controllers. Path shapes are those that runc and crun make for docker,
 * containerd, cri-o, podman and kubelet, with the systemd and with the cgroupfs driver.
 */
import type { CgroupInfo } from './procfs.ts';

const DELETED = ' (deleted)'; // appended by the kernel when the cgroup was removed

interface Line {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  readonly path: string;
}

/**
 * v2's path, unless it is the root while a v1 hierarchy has a real one (hybrid hosts). Of v1's,
 * one with a container id wins, then the order below, since all of them are usually the same.
 */
const V1_PREFERENCE = ['memory', 'pids', 'cpu', 'cpuset', 'devices', 'name=systemd'];

export function parseCgroup(text: string): CgroupInfo | undefined {
  const lines = text.split('\n').flatMap(parseLine);
  const candidates = [...lines].sort((a, b) => rank(a) - rank(b));
  const chosen =
    candidates.find((line) => containerIdFromPath(line.path) !== undefined) ??
    candidates.find((line) => line.path !== '/') ??
    candidates[0];
  if (chosen === undefined) return undefined;
  const containerId = containerIdFromPath(chosen.path);
  return {
    path: chosen.path,
    version: chosen.version,
    ...(containerId === undefined ? {} : { containerId }),
  };
}

function parseLine(line: string): Line[] {
  const match = /^(\d+):([^:]*):(.*)$/.exec(line);
  if (match === null) return [];
  const [, hierarchy, controllers = '', rawPath = ''] = match;
  const path = rawPath.endsWith(DELETED) ? rawPath.slice(0, -DELETED.length) : rawPath;
  const version = hierarchy === '0' && controllers === '' ? 2 : 1;
  return [{ version, controllers: controllers.split(','), path }];
}

function rank(line: Line): number {
  if (line.version === 2) return -1;
  const index = V1_PREFERENCE.findIndex((name) => line.controllers.includes(name));
  return index < 0 ? V1_PREFERENCE.length : index;
}

/** The innermost container id in the text of /proc/PID/cgroup. */
export function containerIdFromCgroup(text: string): string | undefined {
  return parseCgroup(text)?.containerId;
}

const HEX64 = /^[0-9a-f]{64}$/;
/** Fargate: 32 hex digits of the task, dash, a decimal number. */
const ECS_TASK = /^[0-9a-f]{32}-[0-9]{6,}$/;
/** docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, libpod-payload-ID */
const PREFIXED = /^([a-z][a-z-]*)-([0-9a-f]{64})(?:\.scope)?$/;
/** kubepods-….slice:cri-containerd:ID, the systemd form seen from a nested cgroup namespace */
const COLON_PREFIXED = /:[a-z-]+:([0-9a-f]{64})$/;

/** The innermost container id in one cgroup path. */
export function containerIdFromPath(path: string): string | undefined {
  const segments = path.split('/');
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i];
    if (segment === undefined || segment.length < 39) continue;
    if (HEX64.test(segment) || ECS_TASK.test(segment)) return segment;
    const prefixed = PREFIXED.exec(segment);
    // conmon watches a container from outside; it is not in it.
    if (prefixed !== null && !prefixed[1]?.endsWith('conmon')) return prefixed[2];
    const colon = COLON_PREFIXED.exec(segment);
    if (colon !== null) return colon[1];
  }
  return undefined;
}
