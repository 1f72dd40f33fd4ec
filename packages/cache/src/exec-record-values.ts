/**
 * From the record of an exec to what an entry knows: its identity, and the values of its fields. Records
 * come from outside, so each is checked before anything of it is kept.
 */
import { invalidType, optional, wholeNumber } from './argument-error.ts';
import { Environ } from './environ.ts';
import type { ExecRecord } from './exec-record.ts';
import type { FieldValues } from './fields.ts';
import { frozenList } from './frozen-list.ts';
import { checkedPid, type KnownIdentity, knownIdentity, type StartTimeScale } from './identity.ts';
import { variablesOf } from './procfs/environ.ts';

/**
 * @throws `TypeError` or `RangeError`, both with a `code`, for a record that is none: without a
 *   start time nothing could be told apart, and a wrong type would come out of an entry later on
 */
export function identityOfRecord(record: ExecRecord, scale: StartTimeScale): KnownIdentity {
  const identity = knownIdentity(record, scale);
  checkedPid(identity.pid);
  const { argv, argvTruncated } = record;
  if (argv !== undefined) {
    const isList = Array.isArray(argv) && argv.every((argument) => typeof argument === 'string');
    if (!isList) throw invalidType('argv', 'an array of strings', argv);
  }
  optional('argvTruncated', argvTruncated, 'a boolean', typeof argvTruncated === 'boolean');
  const { environ, environTruncated } = record;
  if (environ !== undefined) {
    const isList = Array.isArray(environ) && environ.every((block) => typeof block === 'string');
    if (!isList) throw invalidType('environ', 'an array of strings', environ);
  }
  optional(
    'environTruncated',
    environTruncated,
    'a boolean',
    typeof environTruncated === 'boolean',
  );
  for (const field of TEXTS) {
    if (record[field] !== undefined && typeof record[field] !== 'string') {
      throw invalidType(field, 'a string', record[field]);
    }
  }
  for (const field of NUMBERS) {
    if (record[field] !== undefined) wholeNumber(field, record[field], 0);
  }
  return identity;
}

const TEXTS = ['comm', 'filename', 'cgroup', 'containerId', 'cwd', 'exe'] as const;
const NUMBERS = ['layoutFingerprint', 'ppid', 'uid', 'gid', 'nsMnt', 'nsPid'] as const;

/** Every field spelled out: spreading objects is most of what a record costs otherwise. */
export function valuesOfRecord(record: ExecRecord): FieldValues {
  const whole = record.argv !== undefined && !record.argvTruncated;
  const hasEnviron = record.environ !== undefined && !record.environTruncated;
  return {
    cmdline: whole ? frozenList([...(record.argv ?? [])]) : undefined,
    cmdlineTruncated: whole ? false : undefined,
    cwd: record.cwd,
    environ: hasEnviron ? new Environ(variablesOf(record.environ ?? [])) : undefined,
    environTruncated: hasEnviron ? false : undefined,
    exe: record.exe,
    exeDeleted: undefined,
    comm: record.comm,
    nsMnt: record.nsMnt,
    nsPid: record.nsPid,
    uid: record.uid,
    gid: record.gid,
    cgroup: record.cgroup,
    containerId: record.containerId,
    ppid: record.ppid,
    filename: record.filename,
  };
}

/** The start of a command line that the record has only in part. */
export function partialCmdlineOf(record: ExecRecord): readonly string[] | undefined {
  if (!record.argvTruncated || record.argv === undefined) return undefined;
  return frozenList([...record.argv]);
}
