/**
 * What a recording is of: a command, processes or threads, or the whole host, exactly one of them; and of that
 * what is in some cgroups or containers, of one user, of some names, on some CPUs.
 */

import { type Procfs, ProcfsError, RealProcfs } from '@waggle/cache';
import { cpuGenerations } from '@waggle/ffi';
import { commandLine, printable } from '@waggle/text';
import { idsInWords, placesInWords } from '../../options/target-in-words.ts';
import type { RecordOptions } from './options.ts';

export type RecordTarget =
  | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]] }
  | {
      readonly kind: 'processes';
      readonly pids: readonly number[];
      /** Only these threads of them: by thread id, the process. */
      readonly threads?: ReadonlyMap<number, number>;
    }
  | { readonly kind: 'host' };

interface Mistake {
  readonly kind: 'mistake';
  readonly message: string;
}

const mistake = (message: string): Mistake => ({ kind: 'mistake', message });

/** The target, or what is wrong with the request. */
export function chooseTarget(
  options: RecordOptions,
  command: readonly string[],
  procfs: Pick<Procfs, 'status'> = new RealProcfs(),
): RecordTarget | Mistake {
  const [file, ...args] = command;
  const { pid, tid, all = false } = options;
  const given = [file !== undefined, pid !== undefined, tid !== undefined, all];
  const count = given.filter(Boolean).length;
  const filters = filtersOf(options);
  if (count === 0 && filters.length === 0 && options.listProbes === undefined)
    return mistake('say what to record: -- COMMAND, -p PID, or -a for the host');
  if (count > 1) return mistake('give only one of -- COMMAND, -p PID, --tid TID and -a');
  if (options.as !== undefined && file === undefined)
    return mistake('--as chooses who runs the command: give one behind --');
  if (options.idle === true && !all)
    return mistake('--idle shows CPUs that run no process, so it needs -a; leave it out here');
  const [filter] = filters;
  if (options.idle === true && filter !== undefined && filter !== '--cpu')
    return mistake(`--idle shows CPUs that run no process, and ${filter} asks for processes`);
  if (file !== undefined) return { kind: 'command', argv: [file, ...args] };
  if (pid !== undefined) return { kind: 'processes', pids: pid };
  if (tid !== undefined) return threadsOf(tid, procfs);
  return { kind: 'host' };
}

/** Every process, on the CPUs that are sampled: what is left of these is idle time. */
export function isWholeHost({ kind }: RecordTarget, options: RecordOptions): boolean {
  return kind === 'host' && filtersOf(options).every((option) => option === '--cpu');
}

/** What makes the target smaller, by the option's name. */
function filtersOf({ cgroup, container, uid, comm, cpu }: RecordOptions): readonly string[] {
  const given = { '--cgroup': cgroup, '--container': container, '--uid': uid, '--comm': comm };
  return Object.entries({ ...given, '--cpu': cpu }).flatMap(([option, value]) =>
    value === undefined ? [] : [option],
  );
}

function threadsOf(
  tids: readonly number[],
  procfs: Pick<Procfs, 'status'>,
): RecordTarget | Mistake {
  const threads = new Map<number, number>();
  for (const tid of tids) {
    try {
      threads.set(tid, procfs.status(tid).tgid);
    } catch (error) {
      if (!(error instanceof ProcfsError)) throw error;
      return mistake(`no thread has the id ${tid}; \`ps -eL\` lists those that run`);
    }
  }
  return { kind: 'processes', pids: [...new Set(threads.values())], threads };
}

/** What is wrong with the CPUs that were asked for. */
export function cpuMistake(
  { cpu }: RecordOptions,
  online: Iterable<number> = cpuGenerations().keys(),
): string | undefined {
  const known = new Set(online);
  const missing = cpu?.find((each) => !known.has(each));
  if (missing === undefined) return undefined;
  return `CPU ${missing} is not online here; these are: ${[...known].join(', ')}`;
}

/** In words. Not the command's arguments: logs keep what is on stderr. */
export function describeTarget(target: RecordTarget, options: RecordOptions): string {
  return [whoIs(target), ...inWords(options)].join(' ');
}

function whoIs(target: RecordTarget): string {
  switch (target.kind) {
    case 'command':
      return commandLine(target.argv.slice(0, 1));
    case 'processes':
      return target.threads
        ? idsInWords('thread', [...target.threads.keys()])
        : idsInWords('process', target.pids);
    case 'host':
      return 'every process on this host';
  }
}

function inWords({
  cgroup = [],
  container = [],
  uid,
  comm,
  cpu,
}: RecordOptions): readonly string[] {
  const places = [...cgroup, ...container.map((id) => `container ${id}`)];
  return [
    ...(places.length > 0 ? [placesInWords(places)] : []),
    ...(uid === undefined ? [] : [`of user ${uid}`]),
    ...(comm === undefined ? [] : [`named ${printable(String(comm))}`]),
    ...(cpu === undefined ? [] : [`on CPU ${cpu.join(', ')}`]),
  ];
}
