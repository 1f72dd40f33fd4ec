/** `waggle --version`: waggle's own, and what a report of a bug has to name besides. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { machine, release } from 'node:os';
import { builtObject } from '@waggle/bpf';
import { openNative } from '@waggle/ffi';
import packageJson from '../../../package.json' with { type: 'json' };
import { Output } from '../../terminal/output.ts';

/** Enough to tell builds apart. */
const DIGITS = 12;

export async function printVersions(): Promise<void> {
  const facts = [
    `kernel ${release()} (${machine()})`,
    `Bun ${process.versions.bun}`,
    `libbpf ${await libbpfVersion()}`,
    `BPF objects ${await objectsVersion()}`,
  ];
  await new Output().write([packageJson.version, ...facts, ''].join('\n'));
}

async function libbpfVersion(): Promise<string> {
  try {
    const native = await openNative();
    return native.stringAt(native.libbpf.libbpf_version_string()).replace(/^v/, '');
  } catch (error) {
    return `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Of the one that every command loads: a digest, since objects have no version. */
async function objectsVersion(): Promise<string> {
  try {
    const object = await builtObject('lifecycle');
    const bytes = typeof object === 'string' ? readFileSync(object) : object;
    return createHash('sha256').update(bytes).digest('hex').slice(0, DIGITS);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
