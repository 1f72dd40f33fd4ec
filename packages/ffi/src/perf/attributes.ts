/**
 * struct perf_event_attr as plain options, and its encoding. Offsets are those of
 * include/uapi/linux/perf_event.h (PERF_ATTR_SIZE_VER7); a test compares them with the
 * compiler's offsetof.
 */

export const PERF_TYPE_SOFTWARE = 1;
export const PERF_COUNT_SW_CPU_CLOCK = 0;
export const PERF_COUNT_SW_DUMMY = 9;
export const CLOCK_BOOTTIME = 7;

/** Bytes of the attr that we know; the kernel takes any size from 64 up. */
export const PERF_ATTR_BYTES = 128;

export const PERF_ATTR_OFFSET = {
  type: 0,
  size: 4,
  config: 8,
  sample_period: 16,
  sample_type: 24,
  read_format: 32,
  flags: 40,
  wakeup_events: 48,
  branch_sample_type: 72,
  sample_regs_user: 80,
  sample_stack_user: 88,
  clockid: 92,
  sample_max_stack: 108,
} as const;

/** Bits of the flags word, in the order of the header's bit fields. */
export const PERF_ATTR_FLAG = {
  disabled: 0n,
  inherit: 1n,
  exclude_user: 4n,
  exclude_kernel: 5n,
  exclude_hv: 6n,
  exclude_idle: 7n,
  mmap: 8n,
  comm: 9n,
  freq: 10n,
  task: 13n,
  watermark: 14n,
  /** The lower of two bits: as exact as one step. */
  precise_ip: 15n,
  sample_id_all: 18n,
  exclude_callchain_user: 22n,
  mmap2: 23n,
  comm_exec: 24n,
  use_clockid: 25n,
  build_id: 34n,
} as const;

/** PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU, the trailer of sideband records. */
export const SIDEBAND_SAMPLE_TYPE = 0x2 | 0x4 | 0x80;

export interface PerfEventAttributes {
  /** PERF_TYPE_* of linux/perf_event.h, and which event of that type. */
  readonly type: number;
  readonly config: number | bigint;
  /** Samples a second; without it and `period`, an event only carries sideband records. */
  readonly frequencyHz?: number | undefined;
  /** In place of a frequency: one sample for so many of what is counted. */
  readonly period?: number | undefined;
  readonly sampleType?: number | undefined;
  readonly clockId?: number | undefined;
  /** Registers of user space in each sample, a bit each (PERF_SAMPLE_REGS_USER). */
  readonly userRegisters?: bigint | undefined;
  /** Bytes of the user stack in each sample, from its top: a multiple of 8 below 64 KiB (PERF_SAMPLE_STACK_USER). */
  readonly userStackBytes?: number | undefined;
  /** Bytes in the ring from which a reader is woken. */
  readonly wakeupWatermark?: number | undefined;
  readonly flags: readonly (keyof typeof PERF_ATTR_FLAG)[];
}

export function encodePerfEventAttributes(attributes: PerfEventAttributes): Uint8Array {
  const bytes = new Uint8Array(PERF_ATTR_BYTES);
  const view = new DataView(bytes.buffer);
  const at = PERF_ATTR_OFFSET;
  view.setUint32(at.type, attributes.type, true);
  view.setUint32(at.size, PERF_ATTR_BYTES, true);
  view.setBigUint64(at.config, BigInt(attributes.config), true);
  view.setBigUint64(
    at.sample_period,
    BigInt(attributes.frequencyHz ?? attributes.period ?? 0),
    true,
  );
  view.setBigUint64(at.sample_type, BigInt(attributes.sampleType ?? 0), true);
  view.setBigUint64(at.sample_regs_user, attributes.userRegisters ?? 0n, true);
  view.setUint32(at.sample_stack_user, attributes.userStackBytes ?? 0, true);
  view.setUint32(at.wakeup_events, attributes.wakeupWatermark ?? 0, true);
  view.setInt32(at.clockid, attributes.clockId ?? 0, true);
  let flags = 0n;
  for (const flag of attributes.flags) flags |= 1n << PERF_ATTR_FLAG[flag];
  if (attributes.frequencyHz !== undefined) flags |= 1n << PERF_ATTR_FLAG.freq;
  if (attributes.clockId !== undefined) flags |= 1n << PERF_ATTR_FLAG.use_clockid;
  if (attributes.wakeupWatermark !== undefined) flags |= 1n << PERF_ATTR_FLAG.watermark;
  view.setBigUint64(at.flags, flags, true);
  return bytes;
}
