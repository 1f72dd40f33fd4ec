import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareWithReadelf } from '../../test/compare-rows.ts';

const directory = mkdtempSync(join(tmpdir(), 'waggle-unwind-readelf-'));
afterAll(() => rmSync(directory, { recursive: true }));

const x86 = process.arch === 'x64';
const haveReadelf = Bun.which('readelf') !== null;
const compiler = Bun.which('g++') ?? Bun.which('c++') ?? Bun.which('clang++');

const LIBRARY_FOLDERS = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib',
];

function libraryPath(prefix: string): string | undefined {
  for (const folder of LIBRARY_FOLDERS.filter((path) => existsSync(path))) {
    const name = readdirSync(folder).find((entry) => entry.startsWith(prefix));
    if (name !== undefined) return realpathSync(join(folder, name));
  }
  return undefined;
}

/** Why a row can be unsupported: C libraries switch stacks, and one cipher indexes its own. */
const KNOWN_REASONS = [
  /^sp not the CFA but r8$/, // longjmp, after it has loaded the saved stack pointer
  /^sp not the CFA but c\+160$/, // setcontext
  /^CFA DW_OP_breg7 \(rsp\): 8; DW_OP_breg9 \(r9\): 0; DW_OP_lit8; DW_OP_mul;/, // sha512 AVX2
];

function expectAgreement(path: string): void {
  const result = compareWithReadelf(path);
  expect(result.differences.slice(0, 5)).toEqual([]);
  for (const reason of result.unsupported.keys()) {
    expect(KNOWN_REASONS.some((known) => known.test(reason))).toBe(true);
  }
  const unsupported = [...result.unsupported.values()].reduce((sum, count) => sum + count, 0);
  expect(unsupported).toBeLessThan(12);
  expect(result.agreed + unsupported).toBe(result.rows);
  expect(result.functions).toBeGreaterThan(0);
}

describe.skipIf(!x86 || !haveReadelf)('every row of every function agrees with readelf', () => {
  const node = Bun.which('node');
  const files: [string, string | undefined][] = [
    ['libc', libraryPath('libc.so.6')],
    ['the loader', libraryPath('ld-linux-x86-64.so.2')],
    ['libstdc++', libraryPath('libstdc++.so.6')],
    ['libcrypto', libraryPath('libcrypto.so.')],
    ['bash', Bun.which('bash') ?? undefined],
    ['node', node === null ? undefined : realpathSync(node)],
  ];
  for (const [name, path] of files) {
    // A script or a runtime without call frame information has nothing to compare.
    const sections =
      path && Bun.spawnSync(['readelf', '-WS', path]).stdout.toString().includes(' .eh_frame ');
    test.skipIf(!sections)(`${name}`, () => expectAgreement(path ?? ''));
  }
});

const RECURSION = `
int recurse(int n) {
  char *memory = static_cast<char *>(__builtin_alloca(n + 1));
  memory[n] = n;
  return n < 2 ? memory[n] : recurse(n - 1) + *static_cast<volatile char *>(memory + n);
}
int main(int argc, char **) { return recurse(argc); }
`;

const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  'without frame pointers': ['-O2', '-fomit-frame-pointer'],
  'for AVX, at -O3': ['-O3', '-march=x86-64-v3', '-fomit-frame-pointer'],
  'with frame pointers': ['-O1', '-fno-omit-frame-pointer'],
  unoptimised: ['-O0'],
  'at a fixed address': ['-Os', '-no-pie', '-fno-pie'],
  'with landing pads': ['-O2', '-fcf-protection=full', '-Wl,-z,lazy'],
  'with the medium code model': ['-O2', '-mcmodel=medium'],
  'with the large code model': ['-O2', '-mcmodel=large', '-fno-pie', '-no-pie'],
};

describe.skipIf(!x86 || !haveReadelf || compiler === null)('programs', () => {
  const source = join(import.meta.dir, '..', '..', 'test', 'stepping.cc');
  const compile = (name: string, flags: readonly string[]) => {
    const path = join(directory, name.replaceAll(' ', '-'));
    const command = [compiler ?? '', ...flags, '-o', path, source, '-ldl', '-pthread'];
    const result = Bun.spawnSync(command);
    if (result.exitCode !== 0) throw new Error(result.stderr.toString());
    return path;
  };
  for (const [name, flags] of Object.entries(VARIANTS)) {
    test(name, () => expectAgreement(compile(name, flags)));
  }

  describe('.debug_frame', () => {
    const path = join(directory, 'debug-frame');
    beforeAll(() => {
      const source = join(directory, 'debug-frame.cc');
      writeFileSync(source, RECURSION);
      const only = ['-g', '-fno-asynchronous-unwind-tables', '-fno-exceptions', '-O2'];
      const result = Bun.spawnSync([compiler ?? '', ...only, '-o', path, source]);
      if (result.exitCode !== 0) throw new Error(result.stderr.toString());
    });
    test('is read where .eh_frame says nothing', () => expectAgreement(path));
  });
});
