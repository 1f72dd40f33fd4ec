/**
 * Where defaults of people's own stand: one file for the host, one for the user, or the one that WAGGLE_CONFIG
 * names. Never one of the current directory: what lies there must not steer a command that often runs as root.
 */

import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError } from '@waggle/symbols/system-error';
import { configFolder } from './config-folder.ts';

/** What a file says: options by command, both by their names on the command line. */
type Defaults = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface ConfigFile {
  readonly path: string;
  readonly defaults: Defaults;
}

/** A file that is there and cannot be used: one line that says which and why. */
export class BadConfig extends Error {}

/** More is no file of settings. */
const MAX_BYTES = 1 << 20;
const WRITABLE_BY_OTHERS = 0o022;

/** Those that are there, the one that counts most last. @throws BadConfig */
export function configFiles(env: Readonly<Record<string, string | undefined>>): ConfigFile[] {
  const named = env.WAGGLE_CONFIG;
  if (named !== undefined && named !== '') {
    const file = readConfig(named);
    if (file === undefined) throw new BadConfig(`WAGGLE_CONFIG: there is no ${named}`);
    return [file];
  }
  const folder = configFolder(env);
  const own = folder === undefined ? [] : [join(folder, 'config.json')];
  return ['/etc/waggle/config.json', ...own].flatMap((path) => {
    // A home that is closed to us, as after setpriv(1), has nothing for us.
    expectNoOthersLink(path);
    const file = readConfig(path, ['EACCES']);
    return file === undefined ? [] : [file];
  });
}

/**
 * Root with the HOME of somebody else reads nothing that this one's links lead to: what is wrong with a file is said
 * with words out of it.
 *
 * @throws BadConfig
 */
function expectNoOthersLink(path: string): void {
  for (const at of [dirname(path), path]) {
    let stat: ReturnType<typeof lstatSync>;
    try {
      stat = lstatSync(at);
    } catch {
      // What that is, opening it says.
      return;
    }
    if (stat.isSymbolicLink() && stat.uid !== 0 && stat.uid !== process.geteuid?.())
      throw new BadConfig(`${at} is a link of user ${stat.uid}, which is not followed`);
  }
}

/** @param absent what is taken for a file that is not there, besides that there is none */
function readConfig(path: string, absent: readonly string[] = []): ConfigFile | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const { code } = error;
    if (['ENOENT', 'ENOTDIR', ...absent].includes(code)) return undefined;
    throw new BadConfig(`${path} cannot be read: ${code}`);
  }
  try {
    const { uid, mode, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new BadConfig(`${path} is no file`);
    if (uid !== 0 && uid !== process.geteuid?.())
      throw new BadConfig(`${path} belongs to user ${uid}: chown it to whoever runs waggle`);
    if ((mode & WRITABLE_BY_OTHERS) !== 0)
      throw new BadConfig(`others may write to ${path}: chmod go-w it`);
    if (size > MAX_BYTES) throw new BadConfig(`${path} is larger than settings are`);
    return { path, defaults: parsed(path, readFileSync(fd, 'utf8')) };
  } finally {
    closeSync(fd);
  }
}

function parsed(path: string, text: string): Defaults {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadConfig(`${path} is no JSON: ${(error as Error).message}`);
  }
  if (!isObject(value) || !Object.values(value).every(isObject))
    throw new BadConfig(`${path}: options stand by command, as {"record": {"frequency": 199}}`);
  return value as Defaults;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
