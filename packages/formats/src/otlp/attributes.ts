/** Names of attributes: OpenTelemetry's where its semantic conventions have one, else our own. */

/** Of the resource. */
export const HOST = 'host.name';
export const COMMAND_LINE = 'process.command_line';
/** The command without its arguments: what senders that keep those to themselves give. */
export const COMMAND = 'process.command';
/** What was profiled, where that is neither a command nor the host. */
export const TARGET = 'waggle.target';

/** Of a sample: the process whose stack it is. */
export const PROCESS = 'process.executable.name';

/** Of a sample: what our labels are called; others keep their names. `comm` is what PROCESS is for. */
export const LABEL_ATTRIBUTES: Readonly<Record<string, string>> = {
  pid: 'process.pid',
  tid: 'thread.id',
  comm: PROCESS,
  thread: 'thread.name',
  container: 'container.id',
  cgroup: 'process.linux.cgroup',
  cpu: 'cpu.logical_number',
};

/** Of a location: in whose code it is. Convention has a value for the kernel, none for "native or not". */
export const FRAME_TYPE = 'profile.frame.type';
export const KERNEL_FRAME = 'kernel';
/** Of a location that is no function: the process itself, or code without a name. */
export const FRAME_KIND = 'waggle.frame.kind';

/** The name of the mapping of the kernel proper, as perf has it. */
export const KERNEL = '[kernel.kallsyms]';

/** Of a mapping. */
export const BUILD_ID = 'process.executable.build_id.gnu';

/** Of a profile: samples that the kernel took and nobody could read. */
export const LOST_SAMPLES = 'waggle.lost_samples';
/** Of a profile beside others of other types: it is the one to show first. */
export const DEFAULT_VALUE = 'waggle.default_value';
