/** Probes that only look: kernel version and type information, rights, files of /proc and /sys. */

import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import {
  CAPABILITY_NEEDS,
  type CapabilityNeed,
  hasCapability,
  OPTIONAL_CAPABILITY_NEEDS,
  ownPrivileges,
  perfEventParanoid,
} from '@waggle/ffi';
import { ForeignProcfsError, pidNamespaceOf } from '@waggle/kernel';
import { kernelShowsAddresses } from '@waggle/symbols';
import { isSystemError } from '@waggle/symbols/system-error';
import { inconclusive, missing, type Probe, type ProbeResult, works } from './probe.ts';

/** The BPF ring buffer came with 5.8, hash map keys above 512 bytes (our stacks) with 5.11. */
const TRACE_KERNEL = [5, 8] as const;
const RECORD_KERNEL = [5, 11] as const;

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
  const privileges = ownPrivileges();
  if (hasCapability(need, privileges)) return works(`to ${need.purpose}`);
  return privileges.inInitialNamespace
    ? missing(`needed to ${need.purpose}`, 'run as root, or add the capability')
    : missing(
        `of a user namespace, which does not count; needed to ${need.purpose}`,
        'run outside of the user namespace, as root of the host (no rootless container)',
      );
}

function pidNamespace(): ProbeResult {
  let inode: number | undefined;
  try {
    inode = pidNamespaceOf().inode;
  } catch (error) {
    if (!(error instanceof ForeignProcfsError)) throw error;
    const [what = '', advice = ''] = error.message.split('\n');
    return missing(what, advice);
  }
  return inode === undefined
    ? works('the initial one')
    : works(
        `pid:[${inode}]: its processes alone, by its pids (docker run --pid=host shows the host's)`,
      );
}

function kernelSymbols(): ProbeResult {
  let areShown: boolean;
  try {
    areShown = kernelShowsAddresses();
  } catch (error) {
    return inconclusive(
      `/proc/kallsyms: ${isSystemError(error) ? error.code : (error as Error).message}`,
      'kernel frames will show addresses',
    );
  }
  return areShown
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

/** What people can do who are not root and have no capability. */
function withoutRights(): ProbeResult {
  const level = perfEventParanoid();
  if (level === undefined) return missing('this kernel has no perf events', 'CONFIG_PERF_EVENTS=y');
  const what = 'record -- COMMAND by everybody, of that command';
  if (level > 2)
    return missing(what, `sysctl kernel.perf_event_paranoid=2 allows it; it is ${level}`);
  return level === 2
    ? works(`${what}, in user space (kernel.perf_event_paranoid=1: in the kernel too)`)
    : works(`${what}, in the kernel too`);
}

/** Places that the kernel can probe are opened as events of such devices. */
const EVENT_DEVICES = '/sys/bus/event_source/devices';

function probesOf(device: string, events: string, option: string): ProbeResult {
  if (!existsSync(EVENT_DEVICES)) return inconclusive(`no ${EVENT_DEVICES}`, 'mount /sys');
  return existsSync(`${EVENT_DEVICES}/${device}`)
    ? works(`record -e ${events}`)
    : missing(`record -e ${events}`, `use a kernel built with ${option}=y`);
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
  { name: 'without rights', required: false, run: withoutRights },
  { name: 'PID namespace', required: true, run: pidNamespace },
  { name: 'cgroup v2', required: false, run: cgroupV2 },
  { name: 'kernel symbols', required: false, run: kernelSymbols },
  { name: 'stack depth', required: false, run: stackDepth },
  {
    name: 'uprobes and USDT',
    required: false,
    run: () => probesOf('uprobe', 'uprobe:, uretprobe:, usdt:', 'CONFIG_UPROBE_EVENTS'),
  },
  {
    name: 'kprobes',
    required: false,
    run: () => probesOf('kprobe', 'kprobe:, kretprobe:', 'CONFIG_KPROBE_EVENTS'),
  },
];
