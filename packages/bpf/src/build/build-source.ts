/**
 * A BPF program of an agent's own: FILE.bpf.c becomes FILE.bpf.ts beside it, a module with the object's
 * bytes for both architectures, its skeleton, the layouts of its maps and readers of its records.
 * It works as it is in Bun and Deno; clang is needed only here.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BtfError } from '../btf/btf.ts';
import { ARCHITECTURES, compileObject } from './compile.ts';
import { describeObject } from './description.ts';
import type { ObjectDescription } from './object-description.ts';
import {
  CODEC_IMPORTS,
  importsOf,
  layoutsText,
  READER_IMPORTS,
  skeletonText,
} from './typescript.ts';

export interface BuildOptions {
  /** Where the module goes. Default: beside the C file, with `.ts` in place of `.c`. */
  readonly output?: string | undefined;
  /** What the module imports from. Default `@waggle/core/bpf`; without core, `@waggle/bpf`. */
  readonly importFrom?: string | undefined;
}

/** What a build came to. */
export interface SourceBuild {
  /** The module's file. */
  readonly output: string;
  /** Whether the file had this text already. */
  readonly isUpToDate: boolean;
  /** The module, which is the same for the same C, headers and clang. */
  readonly text: string;
}

/** A C file that no module can be made of. `code` is `bad-source`. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code = 'bad-source';
}

const SUFFIX = '.bpf.c';
const DEFAULT_IMPORT = '@waggle/core/bpf';

/**
 * Compiles a program and writes its module; a file that is up to date is not touched.
 * @throws CompileError with what clang said. @throws SourceError when the file is missing or not called
 * NAME.bpf.c, or userspace could not read its types.
 */
export function buildSource(file: string, options: BuildOptions = {}): SourceBuild {
  const build = checkSource(file, options);
  if (!build.isUpToDate) writeFileSync(build.output, build.text);
  return build;
}

/** The same without writing. @throws CompileError @throws SourceError */
export function checkSource(file: string, options: BuildOptions = {}): SourceBuild {
  const source = resolve(file);
  if (!source.endsWith(SUFFIX))
    throw new SourceError(`${file} is not called NAME${SUFFIX}: rename it`);
  if (!existsSync(source)) throw new SourceError(`${file} does not exist`);
  const { output = source.replace(/\.c$/, '.ts'), importFrom = DEFAULT_IMPORT } = options;
  const text = moduleOf(source, importFrom);
  const isUpToDate = existsSync(output) && readFileSync(output, 'utf8') === text;
  return { output, isUpToDate, text };
}

/** The module of a program that was compiled before, beside its C file. @throws SourceError */
export function writeModule(file: string, objects: readonly BuiltObject[]): void {
  const output = file.replace(/\.c$/, '.ts');
  const text = moduleText(file, objects, DEFAULT_IMPORT);
  if (!existsSync(output) || readFileSync(output, 'utf8') !== text) writeFileSync(output, text);
}

function moduleOf(source: string, importFrom: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-build-'));
  try {
    const objects = ARCHITECTURES.map((architecture) => {
      const path = join(folder, `${architecture.name}.o`);
      compileObject(source, path, architecture);
      return { architecture: architecture.name, bytes: readFileSync(path) };
    });
    return moduleText(source, objects, importFrom);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface BuiltObject {
  readonly architecture: string;
  readonly bytes: Uint8Array;
}

/** In capitals, which no name of C becomes unless it has them. */
const SKELETON = 'SKELETON';

function moduleText(source: string, objects: readonly BuiltObject[], importFrom: string): string {
  const file = basename(source);
  const name = basename(source, SUFFIX).replace(/\W/g, '_');
  const description = commonDescription(file, objects);
  const bytes = objects.map(
    ({ architecture, bytes }) => `  ${architecture}: '${embeddedText(bytes)}',`,
  );
  const layouts = layoutsText([description]);
  const skeleton = skeletonText(name, SKELETON, description, '() => embeddedObject(OBJECTS)');
  const imports = [
    'embeddedObject',
    ...importsOf(layouts + skeleton, [...CODEC_IMPORTS, ...READER_IMPORTS]),
  ];
  const texts = [
    `// Generated from ${file} by waggle bpf build. Do not edit.`,
    `import { ${imports.join(', ')} } from '${importFrom}';`,
    layouts,
    `const OBJECTS = {\n${bytes.join('\n')}\n};`,
    skeleton.replace('export const', 'const'),
    `export default ${SKELETON};\n`,
  ];
  return texts.filter((text) => text !== '').join('\n\n');
}

/** Of objects that were built of one source. @throws SourceError where their layouts differ. */
export function commonDescription(
  source: string,
  objects: readonly { readonly bytes: Uint8Array }[],
): ObjectDescription {
  const [first, ...others] = objects.map(({ bytes }) => described(source, bytes));
  if (first === undefined) throw new SourceError(`${source} was built for no architecture`);
  const differing = others.flatMap((other) => differences(first, other));
  if (differing.length > 0)
    throw new SourceError(
      `${source}: ${differing.join(', ')} is laid out differently on x86_64 and aarch64: pad it explicitly, and use types of one size (u64, not long double)`,
    );
  return first;
}

function described(source: string, bytes: Uint8Array): ObjectDescription {
  try {
    return describeObject(bytes);
  } catch (error) {
    // Without any of its own types and programs an object has no BTF.
    if (error instanceof RangeError || error instanceof BtfError)
      throw new SourceError(`${source}: ${error.message}`);
    throw error;
  }
}

/** What two descriptions say differently, by name. */
function differences(a: ObjectDescription, b: ObjectDescription): string[] {
  return (['structs', 'enums', 'settings', 'maps', 'programs', 'rings'] as const).flatMap(
    (list) => {
      const others = new Set(b[list].map((entry) => JSON.stringify(entry)));
      const own = a[list].filter((entry) => !others.has(JSON.stringify(entry)));
      const names = own.map((entry) => ('name' in entry ? entry.name : entry.ring));
      return names.length === 0 && a[list].length !== b[list].length ? [list] : names;
    },
  );
}

/** As `embeddedObject` takes it. */
export function embeddedText(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9 }).toString('base64');
}
