// Which capabilities this process has, against those that tracing and sampling need.
// Bit numbers: include/uapi/linux/capability.h; the sets: /proc/PID/status, proc(5).

import { readFileSync } from 'node:fs';

/** A need and the capabilities of which one is enough. */
export interface CapabilityNeed {
  readonly name: string;
  readonly purpose: string;
  /** Bits of which any grants it; the first is the one named to the user. */
  readonly bits: readonly number[];
}

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
export function effectiveCapabilities(status = readFileSync('/proc/self/status', 'utf8')): bigint {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  return line?.[1] === undefined ? 0n : BigInt(`0x${line[1]}`);
}

export function hasCapability(need: CapabilityNeed, effective = effectiveCapabilities()): boolean {
  return need.bits.some((bit) => (effective >> BigInt(bit)) & 1n);
}

/** Names of required capabilities that are missing. */
export function missingCapabilities(effective = effectiveCapabilities()): string[] {
  return CAPABILITY_NEEDS.filter((need) => !hasCapability(need, effective)).map(
    (need) => need.name,
  );
}

export function explainMissing(missing: readonly string[]): string {
  const purposes = CAPABILITY_NEEDS.filter((need) => missing.includes(need.name)).map(
    (need) => `${need.name} (to ${need.purpose})`,
  );
  return (
    `missing ${missing.length === 1 ? 'capability' : 'capabilities'}: ${purposes.join(', ')}.\n` +
    'Run waggle as root (sudo), or give its runtime these capabilities, for example with\n' +
    '  capsh, systemd AmbientCapabilities=, or `docker run --cap-add BPF --cap-add PERFMON`.'
  );
}
