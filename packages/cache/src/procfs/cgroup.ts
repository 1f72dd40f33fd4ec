/**
 * /proc/PID/cgroup and the container id in it. Lines are `hierarchy:controllers:path`; cgroup v2
 * is hierarchy 0 with no controllers. Path shapes are those that runc and crun make for docker,
 * containerd, cri-o, podman and kubelet, with the systemd and with the cgroupfs driver, and those of
 * LXC and systemd-nspawn, whose containers have names.
 */
import { checkedText } from '../argument-error.ts';
import type { CgroupInfo } from './procfs.ts';

const DELETED = ' (deleted)'; // appended by the kernel when the cgroup was removed

/** The cgroup of a process in one hierarchy. */
export interface CgroupLine {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  readonly path: string;
}

/** Hierarchies of v1 in the order of how much they tell. `name=`: one without controllers. */
const V1_PREFERENCE = ['memory', 'pids', 'cpu', 'cpuset', 'devices', 'name='];

/** @throws `TypeError`, with a `code`, for what is no string. */
export function parseCgroup(text: string): CgroupInfo | undefined {
  checkedText('the text of /proc/PID/cgroup', text);
  return chooseCgroup(text.split('\n').flatMap(parseLine));
}

/**
 * v2's path, unless it is the root while a v1 hierarchy has a real one (hybrid hosts). Of v1's,
 * one with a container id wins, then the order above, since all of them are usually the same.
 * @throws `TypeError`, with a `code`, for what is no string.
 */
export function chooseCgroup(lines: readonly CgroupLine[]): CgroupInfo | undefined {
  // A start does this for every process of the host: ranked once, and not at each comparison.
  const candidates = lines
    .map((line) => ({ line, rank: rank(line) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ line }) => line);
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

function parseLine(line: string): CgroupLine[] {
  const match = /^(\d+):([^:]*):(.*)$/.exec(line);
  if (match === null) return [];
  const [, hierarchy, controllers = '', rawPath = ''] = match;
  const path = rawPath.endsWith(DELETED) ? rawPath.slice(0, -DELETED.length) : rawPath;
  const version = hierarchy === '0' && controllers === '' ? 2 : 1;
  return [{ version, controllers: controllers.split(','), path }];
}

function rank(line: CgroupLine): number {
  if (line.version === 2) return -1;
  const index = V1_PREFERENCE.findIndex((name) =>
    line.controllers.some((controller) =>
      name === 'name=' ? controller.startsWith(name) : controller === name,
    ),
  );
  return index < 0 ? V1_PREFERENCE.length : index;
}

/**
 * The innermost container id in the text of /proc/PID/cgroup.
 * @throws `TypeError`, with a `code`, for what is no string.
 */
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
/** LXC 4 and later; its lxc.monitor.NAME watches from outside. */
const LXC_PAYLOAD = /^lxc\.payload\.(.+)$/;
/** Folders of the containers of LXC 1 to 3. */
const LXC_FOLDERS: readonly (string | undefined)[] = ['lxc', 'lxc.payload'];
/** `machinectl start NAME`. */
const NSPAWN_SERVICE = /^systemd-nspawn@(.+)\.service$/;
/** `systemd-nspawn` by hand; in machine.slice, where libvirt has machine-qemu\x2d… and lxc's. */
const MACHINE_SCOPE = /^machine-(.+)\.scope$/;
const LIBVIRT = /^(?:qemu|xen|lxc|bhyve|ch)\\x2d/;

/**
 * The innermost container in one cgroup path: of a docker container inside of an LXC container it is
 * docker's. An id of 64 hexadecimal digits, or for LXC and systemd-nspawn the container's name.
 * @throws `TypeError`, with a `code`, for what is no string.
 */
export function containerIdFromPath(path: string): string | undefined {
  checkedText('the path of a cgroup', path);
  const segments = path.split('/');
  for (let i = segments.length - 1; i > 0; i--) {
    const id = containerIdFromName(segments[i] ?? '', segments[i - 1], segments[i + 1]);
    if (id !== undefined) return id;
  }
  return undefined;
}

function containerIdFromName(
  name: string,
  above: string | undefined,
  below: string | undefined,
): string | undefined {
  if (name.length >= 39) {
    if (HEX64.test(name) || ECS_TASK.test(name)) return name;
    const prefixed = PREFIXED.exec(name);
    // conmon watches a container from outside; it is not in it.
    if (prefixed !== null) return prefixed[1]?.endsWith('conmon') ? undefined : prefixed[2];
    const colon = COLON_PREFIXED.exec(name);
    if (colon !== null) return colon[1];
  }
  if (name !== '' && LXC_FOLDERS.includes(above)) return name;
  const payload = LXC_PAYLOAD.exec(name);
  if (payload !== null) return payload[1];
  // nspawn itself stays in `supervisor`, its container is in `payload`.
  if (below === 'supervisor') return undefined;
  const machine =
    NSPAWN_SERVICE.exec(name) ?? (above === 'machine.slice' ? MACHINE_SCOPE.exec(name) : null);
  if (machine?.[1] === undefined || LIBVIRT.test(machine[1])) return undefined;
  return unescapeUnit(machine[1]);
}

/** systemd.unit(5), "String escaping": `\x2d` is `-`, and `-` stands for `/`, which no machine has. */
function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
