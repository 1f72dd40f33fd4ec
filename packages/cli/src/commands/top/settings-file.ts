/**
 * `top.json` in the user's folder of settings: what was chosen with keys is remembered there, and keys of one's
 * own are read from it (docs/command.md).
 */

import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError } from '@waggle/symbols/system-error';
import { readSettings, type Settings } from '@waggle/tui';
import { configFolder } from '../../defaults/config-folder.ts';
import { writeOutputFile } from '../../profile-files/output-file.ts';

/** A person's file is smaller. */
const MAX_BYTES = 256 * 1024;

/** Undefined where the user has no home. */
export function settingsPath(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const folder = configFolder(env);
  return folder === undefined ? undefined : join(folder, 'top.json');
}

/** What there is of them; why they are not read, in words. */
export function loadSettings(path: string | undefined): Partial<Settings> | string {
  if (path === undefined) return {};
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = isSystemError(error) ? error.code : (error as Error).message;
    return why === 'ENOENT' ? {} : `${path} cannot be read (${why}): keys are the usual ones`;
  }
  const settings = text.length > MAX_BYTES ? undefined : readSettings(text);
  return settings ?? `${path} is no JSON object: keys are the usual ones, and it stays as it is`;
}

/** Remembers them; what cannot be written is not remembered. */
export async function saveSettings(path: string | undefined, settings: Settings): Promise<void> {
  if (path === undefined) return;
  const text = `${JSON.stringify(settings, undefined, 2)}\n`;
  try {
    if (readFileSync(path, 'utf8') === text) return;
  } catch {
    // There is none yet.
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await writeOutputFile(path, text, { isPrivate: true });
  } catch {
    // A home that is read-only, or none: top is as it always is the next time.
  }
}
