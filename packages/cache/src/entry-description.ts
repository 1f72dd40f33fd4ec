/**
 * An entry as plain data for printing. Redacted unless asked: of the command line the first word
 * and the number of arguments, of the environment the names. Both can hold passwords and tokens.
 */
import type { Environ } from './environ.ts';
import type { FieldValues } from './fields.ts';
import type { KnownIdentity } from './identity.ts';
import { firstWord } from './procfs/cmdline.ts';
import type { ProcessUsage } from './usage.ts';

export interface RevealOptions {
  /** Show whole command lines and the values of environments. Default false. */
  readonly reveal?: boolean | undefined;
}

/** What an entry knows beside its fields. */
interface EntryLife {
  readonly loadedAt: number;
  readonly exitedAt: number | undefined;
  readonly usage: ProcessUsage | undefined;
}

export function describeEntry(
  identity: KnownIdentity,
  values: FieldValues,
  { loadedAt, exitedAt, usage }: EntryLife,
  options: RevealOptions,
): Record<string, unknown> {
  const { cmdline, environ, ...plain } = values;
  const shown: Record<string, unknown> = {
    pid: identity.pid,
    startTime: identity.startTime,
    // A string, since JSON has no bigint.
    startBoottimeNs: identity.startBoottimeNs?.toString(),
    execId: identity.execId,
    ...plain,
    ...describeCmdline(cmdline, options),
    // Only what is surely meant: a text such as 'false' is true as well.
    environ: options.reveal === true ? revealed(environ) : environ?.names(),
    loadedAt: new Date(loadedAt).toISOString(),
    exitedAt: exitedAt === undefined ? undefined : new Date(exitedAt).toISOString(),
    usage: usage && describeUsage(usage),
  };
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
}

function describeUsage(usage: ProcessUsage): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(usage).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? value.toString() : value,
    ]),
  );
}

function revealed(environ: Environ | undefined): Record<string, string> | undefined {
  return environ && Object.fromEntries(environ.reveal());
}

function describeCmdline(
  cmdline: readonly string[] | undefined,
  { reveal }: RevealOptions,
): Record<string, unknown> {
  if (cmdline === undefined) return {};
  if (reveal === true) return { cmdline: [...cmdline], argc: cmdline.length };
  return { cmdline: cmdline.length === 0 ? [] : [firstWord(cmdline)], argc: cmdline.length };
}
