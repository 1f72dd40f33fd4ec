// The versions of CPython that this machine has: as commands, kept by pyenv, or programs of freeze-core.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FROZEN_VERSIONS, frozenPython } from './frozen-pythons.ts';

export interface Python {
  /** `3.11`; `3.14t` is free-threaded. */
  readonly version: string;
  /** Its program; undefined where it is not installed. */
  readonly path: string | undefined;
}

const MINORS = [8, 9, 10, 11, 12, 13];
/** Whose library runs on those that come without one. */
const NEWEST = '3.13';

let known: readonly Python[] | undefined;

/** Each version that is walked, whether it is here or not. */
export function pythons(): readonly Python[] {
  known ??= look();
  return known;
}

function look(): readonly Python[] {
  const installed = MINORS.map((minor) => `3.${minor}`).map((version) => ({
    ...{ version, path: pathOf(version) },
  }));
  const library = libraryOf(installed.find(({ version }) => version === NEWEST)?.path);
  const frozen = FROZEN_VERSIONS.map((version) => ({
    ...{ version, path: library && frozenPython(version, library) },
  }));
  return [...installed, ...frozen];
}

/** The one of the distribution, or whichever there is. */
export function anyPython(): string | undefined {
  return runs('/usr/bin/python3') ?? runs('python3') ?? pythons().find(({ path }) => path)?.path;
}

function libraryOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const asked = Bun.spawnSync([path, '-c', 'import os; print(os.path.dirname(os.__file__))']);
  return asked.exitCode === 0 ? asked.stdout.toString().trim() : undefined;
}

function pathOf(version: string): string | undefined {
  return runs(`python${version}`) ?? ofPyenv(version);
}

/** The program behind a command, which may be a script that finds it. */
function runs(command: string): string | undefined {
  if (Bun.which(command) === null) return undefined;
  const asked = Bun.spawnSync([command, '-c', 'import sys; print(sys.executable)']);
  const path = asked.stdout.toString().trim();
  return asked.exitCode === 0 && path !== '' ? path : undefined;
}

function ofPyenv(version: string): string | undefined {
  if (Bun.which('pyenv') === null) return undefined;
  const root = Bun.spawnSync(['pyenv', 'root']).stdout.toString().trim();
  try {
    const versions = readdirSync(join(root, 'versions'));
    const found = versions.find((name) => name.startsWith(`${version}.`));
    return found === undefined
      ? undefined
      : runs(join(root, 'versions', found, 'bin', `python${version}`));
  } catch {
    return undefined;
  }
}
