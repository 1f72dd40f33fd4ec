// A BPF program of an agent's own: FILE.bpf.c becomes FILE.bpf.ts beside it, a module with the object's
// bytes for both architectures, its skeleton, the layouts of its maps and readers of its records.
// It works as it is in Bun and Deno; clang and libbpf's headers are needed only here.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ARCHITECTURES, compileObject } from './compile.ts';
import { describeObject, type ObjectDescription } from './description.ts';
import { constantName, layoutsText, READER_IMPORTS, skeletonText } from './typescript.ts';

export interface BuildOptions {
  /** Where the module goes. Default: beside the C file, with `.ts` in place of `.c`. */
  readonly output?: string | undefined;
  /** What the module imports from. Default `@waggle/bpf`. */
  readonly importFrom?: string | undefined;
}

const SUFFIX = '.bpf.c';

/**
 * Returns the path of the module.
 * @throws CompileError with what clang said. @throws RangeError when the file is not called NAME.bpf.c, or
 * the layouts differ between architectures.
 */
export function buildSource(file: string, options: BuildOptions = {}): string {
  const source = resolve(file);
  if (!source.endsWith(SUFFIX))
    throw new RangeError(`${file} is not called NAME${SUFFIX}: rename it`);
  const { output = source.replace(/\.c$/, '.ts'), importFrom = '@waggle/bpf' } = options;
  const name = basename(source, SUFFIX).replaceAll('-', '_');
  const folder = mkdtempSync(join(tmpdir(), 'waggle-build-'));
  try {
    const objects = ARCHITECTURES.map((architecture) => {
      const path = join(folder, `${architecture.name}.o`);
      compileObject(source, path, architecture);
      return { architecture: architecture.name, bytes: readFileSync(path) };
    });
    writeFileSync(output, moduleText(name, objects, basename(source), importFrom));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return output;
}

interface BuiltObject {
  readonly architecture: string;
  readonly bytes: Uint8Array;
}

function moduleText(
  name: string,
  objects: readonly BuiltObject[],
  source: string,
  importFrom: string,
): string {
  const description = commonDescription(source, objects);
  const bytes = objects.map(
    ({ architecture, bytes }) => `  ${architecture}: '${embeddedText(bytes)}',`,
  );
  const layouts = layoutsText([description]);
  const imports = ['embeddedObject', ...READER_IMPORTS.filter((used) => layouts.includes(used))];
  return [
    `// Generated from ${source} by @waggle/bpf's buildSource. Do not edit.`,
    `import { ${imports.join(', ')} } from '${importFrom}';`,
    layouts,
    `const objects = {\n${bytes.join('\n')}\n};`,
    `${skeletonText(name, description, '() => embeddedObject(objects)').replace('export const', 'const')}\n\nexport default ${constantName(name)};\n`,
  ].join('\n\n');
}

/** Of objects that were built of one source. @throws RangeError where their layouts differ. */
export function commonDescription(
  source: string,
  objects: readonly { readonly bytes: Uint8Array }[],
): ObjectDescription {
  const [first, ...others] = objects.map(({ bytes }) => describeObject(bytes));
  if (first === undefined) throw new RangeError(`${source} was built for no architecture`);
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first)))
    throw new RangeError(
      `the layouts of ${source} differ between architectures; pad the structs explicitly`,
    );
  return first;
}

/** As `embeddedObject` takes it. */
export function embeddedText(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9 }).toString('base64');
}
