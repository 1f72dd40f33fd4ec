// Programs that do what we do, where they are installed: the same work is given to each in turn. One that is
// missing is named in the table, with the way to get it. Some need tracefs, which is not mounted everywhere:
// they get a mount namespace of their own with it, and the machine stays as it was.

import { existsSync, readdirSync } from 'node:fs';
import type { BenchRow } from '../../../bench/rows.ts';

export interface Peer {
  readonly name: string;
  /** Its program; undefined where it is not installed. */
  readonly program: string | undefined;
  readonly install: string;
}

/** @param program in PATH or /usr/sbin. @param override an environment variable with another place */
export function peer(name: string, program: string, install: string, override?: string): Peer {
  const given = override === undefined ? undefined : process.env[override];
  const inSbin = `/usr/sbin/${program}`;
  const found = given ?? Bun.which(program) ?? (existsSync(inSbin) ? inSbin : undefined);
  return { name, program: found, install };
}

export function missingRow(what: string, { name, install }: Peer): BenchRow {
  return { what: `${what}: beside ${name}`, skipped: `${name} is not installed (${install})` };
}

const TRACEFS = '/sys/kernel/tracing';

export function withTracefs(command: readonly string[]): readonly string[] {
  if (readdirSync(TRACEFS).length > 0) return command;
  const mount = `mount -t tracefs tracefs ${TRACEFS} && exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', mount, 'sh', ...command];
}
