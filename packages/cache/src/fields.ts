/**
 * The fields of a process: which file each comes from, and whether exec changes it. One file is
 * read at most once per entry and fills every field that it holds.
 */
import { invalidType, outOfRange } from './argument-error.ts';
import { Environ } from './environ.ts';
import { frozenList } from './frozen-list.ts';
import type { CgroupInfo, Cmdline, EnvironBlock, Procfs, ProcStat } from './procfs/procfs.ts';

/** What can be known about a process. `undefined` is "not known" or, if it was read, "none". */
export interface FieldValues {
  /** Empty for a kernel thread. Frozen, unless there are more than a thousand. */
  cmdline: readonly string[] | undefined;
  /** The command line was longer than the reader's, or the kernel record's, limit. */
  cmdlineTruncated: boolean | undefined;
  cwd: string | undefined;
  environ: Environ | undefined;
  /** The environment was longer than the reader's limit. */
  environTruncated: boolean | undefined;
  /** Path in the process's own mount namespace; none for a kernel thread. */
  exe: string | undefined;
  /** The executable was removed or replaced after the start. */
  exeDeleted: boolean | undefined;
  comm: string | undefined;
  /** Inode numbers of the mount and pid namespace. */
  nsMnt: number | undefined;
  nsPid: number | undefined;
  /** Real ids. */
  uid: number | undefined;
  gid: number | undefined;
  cgroup: string | undefined;
  containerId: string | undefined;
  ppid: number | undefined;
  /** What exec was called with: only from kernel records. */
  filename: string | undefined;
}

export type FieldName = Exclude<
  keyof FieldValues,
  'cmdlineTruncated' | 'environTruncated' | 'exeDeleted' | 'filename' | 'gid'
>;

export type Source =
  | 'stat'
  | 'status'
  | 'cmdline'
  | 'environ'
  | 'exe'
  | 'cwd'
  | 'cgroup'
  | 'nsMnt'
  | 'nsPid';

export const SOURCE_OF: Record<FieldName, Source> = {
  cmdline: 'cmdline',
  cwd: 'cwd',
  environ: 'environ',
  exe: 'exe',
  comm: 'stat',
  nsMnt: 'nsMnt',
  nsPid: 'nsPid',
  uid: 'status',
  cgroup: 'cgroup',
  containerId: 'cgroup',
  ppid: 'stat',
};

/** @throws `RangeError` for a name that is no field's */
export function sourceOf(field: FieldName): Source {
  const source = Object.hasOwn(SOURCE_OF, field) ? SOURCE_OF[field] : undefined;
  if (source === undefined) {
    throw outOfRange('a field', `one of ${FIELD_NAMES.join(', ')}`, JSON.stringify(String(field)));
  }
  return source;
}

/** @throws `TypeError` for what is no list: a text is one of characters */
export function checkedFields(fields: readonly FieldName[]): readonly FieldName[] {
  if (!Array.isArray(fields)) throw invalidType('fields', 'an array of names', fields);
  return fields;
}

export const FIELD_NAMES = Object.keys(SOURCE_OF) as FieldName[];

export function emptyValues(): FieldValues {
  return {
    cmdline: undefined,
    cmdlineTruncated: undefined,
    cwd: undefined,
    environ: undefined,
    environTruncated: undefined,
    exe: undefined,
    exeDeleted: undefined,
    comm: undefined,
    nsMnt: undefined,
    nsPid: undefined,
    uid: undefined,
    gid: undefined,
    cgroup: undefined,
    containerId: undefined,
    ppid: undefined,
    filename: undefined,
  };
}

/** What stays true over an exec. Credentials do not: set-id programs change them there. */
export function survivingExec(values: FieldValues): FieldValues {
  return {
    ...emptyValues(),
    cwd: values.cwd,
    nsMnt: values.nsMnt,
    nsPid: values.nsPid,
    cgroup: values.cgroup,
    containerId: values.containerId,
    ppid: values.ppid,
  };
}

/** Reads one source. The result is kept apart until it is known whose it is. */
export function readSource(procfs: Procfs, pid: number, source: Source): Partial<FieldValues> {
  switch (source) {
    case 'stat':
      return fromStat(procfs.stat(pid));
    case 'status': {
      const status = procfs.status(pid);
      return { uid: status.uid.real, gid: status.gid.real };
    }
    case 'cmdline':
      return fromCmdline(procfs.cmdline(pid));
    case 'environ':
      return fromEnviron(procfs.environ(pid));
    case 'exe': {
      const exe = procfs.exe(pid);
      return { exe: exe?.path, exeDeleted: exe?.deleted };
    }
    case 'cwd':
      return { cwd: procfs.cwd(pid) };
    case 'cgroup':
      return fromCgroup(procfs.cgroup(pid));
    case 'nsMnt':
      return { nsMnt: procfs.namespace(pid, 'mnt') };
    case 'nsPid':
      return { nsPid: procfs.namespace(pid, 'pid') };
  }
}

/** The same; the two that can block are read off the main thread. */
export async function readSourceAsync(
  procfs: Procfs,
  pid: number,
  source: Source,
): Promise<Partial<FieldValues>> {
  if (source === 'cmdline') return fromCmdline(await procfs.cmdlineAsync(pid));
  if (source === 'environ') return fromEnviron(await procfs.environAsync(pid));
  return readSource(procfs, pid, source);
}

export function fromStat(stat: ProcStat): Partial<FieldValues> {
  return { comm: stat.comm, ppid: stat.ppid };
}

/** What need not be read of a kernel thread: a third of what runs on a small host, at every start. */
export const KERNEL_THREAD: Readonly<Partial<Record<Source, Partial<FieldValues>>>> = {
  cmdline: fromCmdline({ args: [], truncated: false }),
  exe: { exe: undefined, exeDeleted: undefined },
};

function fromCmdline(cmdline: Cmdline): Partial<FieldValues> {
  return { cmdline: frozenList([...cmdline.args]), cmdlineTruncated: cmdline.truncated };
}

function fromEnviron(block: EnvironBlock): Partial<FieldValues> {
  return { environ: new Environ(block.variables), environTruncated: block.truncated };
}

function fromCgroup(cgroup: CgroupInfo): Partial<FieldValues> {
  return { cgroup: cgroup.path, containerId: cgroup.containerId };
}
