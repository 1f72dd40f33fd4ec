/** Where the built objects are. Nothing here touches the kernel. */

import { Buffer } from 'node:buffer';
import { existsSync } from 'node:fs';

/** Architectures that an object is built for, by Node's name for them. */
const FOLDER: Readonly<Record<string, 'x86_64' | 'aarch64'>> = { x64: 'x86_64', arm64: 'aarch64' };

/**
 * Of one of waggle's own sources, by its name.
 * @throws RangeError for an architecture that has no object.
 */
export function objectPath(source: string, architecture: string = process.arch): string {
  // src/ and the bundled dist/ are both one folder below the package's root.
  const file = `../dist/${folderOf(architecture)}/${source}.bpf.o`;
  // As fileURLToPath() has it on Linux: Bun takes more than a millisecond to load node:url.
  return decodeURIComponent(new URL(file, import.meta.url).pathname);
}

function folderOf(architecture: string): 'x86_64' | 'aarch64' {
  const folder = FOLDER[architecture];
  if (folder === undefined)
    throw new RangeError(`waggle has no BPF object for the architecture ${architecture}`);
  return folder;
}

/**
 * The object's file, or its bytes where a bundler took the code elsewhere and left the file behind
 * (`bun build`, with --compile too). @throws RangeError for an architecture that has no object.
 */
export async function builtObject(
  source: string,
  architecture: string = process.arch,
): Promise<string | Uint8Array> {
  const path = objectPath(source, architecture);
  if (existsSync(path)) return path;
  const { embedded } = await import('./generated/embedded-objects.ts');
  return unpacked(embedded[folderOf(architecture)]?.[source] ?? '');
}

/**
 * The bytes of an object that a generated module holds, gzipped and as base64, by architecture.
 * @throws RangeError for an architecture that has no object.
 */
export async function embeddedObject(
  objects: Readonly<Record<'x86_64' | 'aarch64', string>>,
  architecture: string = process.arch,
): Promise<Uint8Array> {
  return unpacked(objects[folderOf(architecture)]);
}

async function unpacked(text: string): Promise<Uint8Array> {
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync(Buffer.from(text, 'base64'));
}
