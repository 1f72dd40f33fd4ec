// Probes that only look: kernel version and type information, rights, files of /proc and /sys.

import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import {
  CAPABILITY_NEEDS,
  type CapabilityNeed,
  effectiveCapabilities,
  hasCapability,
  OPTIONAL_CAPABILITY_NEEDS,
} from '../kernel/capabilities.ts';
import { inconclusive, missing, type Probe, type ProbeResult, works } from './probe.ts';

/** The BPF ring buffer came with 5.8, hash map keys above 512 bytes (our stacks) with 5.11. */
const TRACE_KERNEL = [5, 8] as const;
const RECORD_KERNEL = [5, 11] as const;
/** PROC_PID_INIT_INO of include/uapi/linux/nsfs.h (earlier linux/proc_ns.h) */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

function kernelVersion(): ProbeResult {
  const version = release();
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const atLeast = ([wantedMajor, wantedMinor]: readonly [number, number]) =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  if (atLeast(RECORD_KERNEL)) return works(version);
  if (atLeast(TRACE_KERNEL))
    return missing(`${version}: trace works, record needs 5.11`, 'upgrade the kernel to record');
  return missing(version, 'a kernel from 5.8 (trace) or 5.11 (record) on is needed');
}

function kernelTypes(): ProbeResult {
  const path = '/sys/kernel/btf/vmlinux';
  return existsSync(path)
    ? works(path)
    : missing(`no ${path}`, 'use a kernel built with CONFIG_DEBUG_INFO_BTF=y');
}

function capability(need: CapabilityNeed): ProbeResult {
  return hasCapability(need, effectiveCapabilities())
    ? works(`to ${need.purpose}`)
    : missing(`needed to ${need.purpose}`, 'run as root, or add the capability');
}

function pidNamespace(): ProbeResult {
  const link = readlinkSync('/proc/self/ns/pid');
  return link === INITIAL_PID_NAMESPACE
    ? works('the initial one')
    : missing(
        `${link}: pids in events are those of the host, not of this namespace`,
        "run on the host, or in a container with the host's (docker run --pid=host)",
      );
}

function kernelSymbols(): ProbeResult {
  let text: string;
  try {
    text = readFileSync('/proc/kallsyms', 'latin1').slice(0, 4096);
  } catch (error) {
    return inconclusive(
      `/proc/kallsyms: ${(error as NodeJS.ErrnoException).code}`,
      'kernel frames will show addresses',
    );
  }
  return /^(?!0+ )[0-9a-f]+ /m.test(text)
    ? works('/proc/kallsyms')
    : missing('addresses are hidden', 'sysctl kernel.kptr_restrict=1 and CAP_SYSLOG show them');
}

function cgroupV2(): ProbeResult {
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const mount = mounts.split('\n').find((line) => line.split(' ')[2] === 'cgroup2');
  return mount === undefined
    ? missing('no cgroup v2 is mounted', '--cgroup cannot be used')
    : works(mount.split(' ')[1] ?? '');
}

function stackDepth(): ProbeResult {
  const frames = readFileSync('/proc/sys/kernel/perf_event_max_stack', 'utf8').trim();
  return Number(frames) >= 127
    ? works(`${frames} frames`)
    : missing(`${frames} frames`, 'sysctl kernel.perf_event_max_stack=127 for whole stacks');
}

export const HOST_PROBES: readonly Probe[] = [
  { name: 'kernel', required: true, run: kernelVersion },
  { name: 'kernel types (BTF)', required: true, run: kernelTypes },
  ...CAPABILITY_NEEDS.map((need) => ({
    name: need.name,
    required: true,
    run: () => capability(need),
  })),
  ...OPTIONAL_CAPABILITY_NEEDS.map((need) => ({
    name: need.name,
    required: false,
    run: () => capability(need),
  })),
  { name: 'PID namespace', required: false, run: pidNamespace },
  { name: 'cgroup v2', required: false, run: cgroupV2 },
  { name: 'kernel symbols', required: false, run: kernelSymbols },
  { name: 'stack depth', required: false, run: stackDepth },
];
