/**
 * Which capabilities this process has, against those that tracing and sampling need.
 * Bit numbers: include/uapi/linux/capability.h; the sets: /proc/PID/status, proc(5). What concerns the
 * whole kernel counts in the initial user namespace alone: user_namespaces(7), capable() of
 * kernel/capability.c. Root of another one, as in a rootless container, has all bits and none of it.
 */

import { readFileSync, readlinkSync } from 'node:fs';

/** A need and the capabilities of which one is enough. */
export interface CapabilityNeed {
  readonly name: string;
  readonly purpose: string;
  /** Bits of which any grants it; the first is the one named to the user. */
  readonly bits: readonly number[];
}

/** What of this process decides what it may do. */
export interface Privileges {
  /** The effective set, a bit each. */
  readonly effective: bigint;
  /** The capabilities are those of the initial user namespace. */
  readonly inInitialNamespace: boolean;
}

/** PROC_USER_INIT_INO of include/uapi/linux/nsfs.h (earlier linux/proc_ns.h) */
const INITIAL_USER_NAMESPACE = 'user:[4026531837]';

const CAP_SYS_PTRACE = 19;
const CAP_SYS_ADMIN = 21;
const CAP_PERFMON = 38;
const CAP_BPF = 39;

export const CAPABILITY_NEEDS: readonly CapabilityNeed[] = [
  { name: 'CAP_BPF', purpose: 'load BPF programs and maps', bits: [CAP_BPF, CAP_SYS_ADMIN] },
  {
    name: 'CAP_PERFMON',
    purpose: 'trace the scheduler and sample CPUs',
    bits: [CAP_PERFMON, CAP_SYS_ADMIN],
  },
];

/** Useful but not required: the /proc entries of other users' processes. */
export const OPTIONAL_CAPABILITY_NEEDS: readonly CapabilityNeed[] = [
  { name: 'CAP_SYS_PTRACE', purpose: "read other users' /proc entries", bits: [CAP_SYS_PTRACE] },
];

/** The effective capability set as a bit mask. */
function effectiveCapabilities(status = readFileSync('/proc/self/status', 'utf8')): bigint {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  return line?.[1] === undefined ? 0n : BigInt(`0x${line[1]}`);
}

/** Kernels without user namespaces have the initial one alone. */
export function ownPrivileges(self = '/proc/self'): Privileges {
  let namespace: string | undefined;
  try {
    namespace = readlinkSync(`${self}/ns/user`);
  } catch {
    namespace = undefined;
  }
  return {
    effective: effectiveCapabilities(readFileSync(`${self}/status`, 'utf8')),
    inInitialNamespace: namespace === undefined || namespace === INITIAL_USER_NAMESPACE,
  };
}

export function hasCapability(
  { bits }: CapabilityNeed,
  { effective, inInitialNamespace }: Privileges = ownPrivileges(),
): boolean {
  return inInitialNamespace && bits.some((bit) => (effective >> BigInt(bit)) & 1n);
}

/** Names of required capabilities that are missing. */
export function missingCapabilities(privileges = ownPrivileges()): string[] {
  return CAPABILITY_NEEDS.filter((need) => !hasCapability(need, privileges)).map(
    ({ name }) => name,
  );
}

/** For who is in a user namespace. */
const OUTSIDE_ADVICE =
  'those of a user namespace (unshare -U, rootless podman or docker, userns-remap) do not count for BPF: run waggle outside of it, as root of the host';
const ADVICE =
  'run waggle as root (sudo), or give its runtime these (capsh, systemd AmbientCapabilities=, docker run --cap-add BPF --cap-add PERFMON)';

/** One line: what is missing, what for, and what to do. */
export function explainMissing(
  missing: readonly string[],
  { inInitialNamespace } = ownPrivileges(),
): string {
  const purposes = CAPABILITY_NEEDS.filter((need) => missing.includes(need.name)).map(
    (need) => `${need.name} (to ${need.purpose})`,
  );
  const what = `missing ${missing.length === 1 ? 'capability' : 'capabilities'}: ${purposes.join(', ')}`;
  return `${what}; ${inInitialNamespace ? ADVICE : OUTSIDE_ADVICE}`;
}
