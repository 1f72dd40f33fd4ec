import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../test/build-elf.ts';
import { Workshop } from '../test/compile.ts';
import { ElfError, ElfImage } from './elf/index.ts';
import { readGoFunctions } from './go-functions.ts';
import { ObjectSymbols } from './object-symbols.ts';
import { SymbolTable } from './symbol-table.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());
const go = Bun.which('go', { PATH: `${process.env.PATH}:/usr/local/go/bin` });
const decoder = new TextDecoder();

const SOURCE = `package main

import "fmt"

type bee struct{ n int }

//go:noinline
func (b *bee) work(f func(int) int) int { b.n = f(b.n); return b.n }

func main() { fmt.Println((&bee{}).work(func(n int) int { return n + 1 })) }
`;

/** The same with C in it, so that a C linker makes the program. */
const WITH_C = `${SOURCE.replace('import "fmt"', '// static int one(void) { return 1; }\nimport "C"\nimport "fmt"').replace('return n + 1', 'return n + int(C.one())')}
//export Entry
func Entry() {}
`;

const builds = new Map<string, string>();

/** Compiles the standard library when it is the first one: minutes on a busy machine. */
function build(...options: string[]): string {
  return buildOf(SOURCE, '0', ...options);
}

function buildOf(code: string, cgo: '0' | '1', ...options: string[]): string {
  const key = [code, ...options].join(' ');
  const known = builds.get(key);
  if (known !== undefined) return known;
  const source = join(workshop.directory, `hive-${builds.size}.go`);
  writeFileSync(source, code);
  const path = join(workshop.directory, `hive-${builds.size}`);
  const env = { ...process.env, CGO_ENABLED: cgo };
  const result = Bun.spawnSync([go ?? '', 'build', ...options, '-o', path, source], { env });
  if (!result.success) throw new Error(result.stderr.toString());
  builds.set(key, path);
  return path;
}

const TIMEOUT_MS = 300_000;

describe.skipIf(go === null)('a Go program', () => {
  for (const [kind, options] of [
    ['at a fixed address', []],
    ['position-independent', ['-buildmode=pie']],
  ] as const)
    test(
      `${kind}: the functions of its symbol table, and no others`,
      () => {
        using elf = ElfImage.open(build(...options));
        const symbols = SymbolTable.fromElf(elf);
        const functions = readGoFunctions(elf);
        expect(functions.length).toBeGreaterThan(1000);
        const different = functions.filter(
          ({ address, name }) => symbols.lookup(address)?.start !== address || name.length === 0,
        );
        expect(different).toEqual([]);
        const nameOf = (name: string) =>
          functions.find((candidate) => decoder.decode(candidate.name) === name);
        for (const name of ['main.main', 'main.(*bee).work', 'main.main.func1', 'fmt.Fprintln']) {
          const found = nameOf(name);
          expect({ name, symbol: symbols.lookup(found?.address ?? 0)?.name }).toEqual({
            name,
            symbol: name,
          });
        }
      },
      TIMEOUT_MS,
    );

  test(
    'stripped, it has its names all the same',
    () => {
      using whole = ElfImage.open(build());
      const address = SymbolTable.fromElf(whole);
      const stripped = ObjectSymbols.open(build('-ldflags=-s -w'));
      expect(stripped.sources).toContain('go');
      // Stripping moves nothing that is loaded.
      for (const { address: at, name } of readGoFunctions(whole)) {
        expect(stripped.lookup(at)?.name).toBe(decoder.decode(name));
        expect(address.lookup(at)?.start).toBe(at);
      }
    },
    TIMEOUT_MS,
  );

  for (const [kind, code, options] of [
    ['linked by a C linker', SOURCE, ['-ldflags=-linkmode=external']],
    [
      'linked by a C linker, position-independent',
      SOURCE,
      ['-ldflags=-linkmode=external', '-buildmode=pie'],
    ],
    ['with C in it', WITH_C, []],
    ['with C in it, position-independent', WITH_C, ['-buildmode=pie']],
    ['that is a library for C', WITH_C, ['-buildmode=c-shared']],
    ['that is a plugin', WITH_C, ['-buildmode=plugin']],
  ] as const)
    test(
      `${kind}: stripped, each of its functions has its name`,
      () => {
        const whole = buildOf(code, '1', ...options);
        const stripped = `${whole}.stripped`;
        workshop.run('strip', '--strip-all', '-o', stripped, whole);
        using elf = ElfImage.open(whole);
        const symbols = SymbolTable.fromElf(elf);
        const objects = ObjectSymbols.open(stripped);
        expect(objects.sources).toContain('go');
        const functions = readGoFunctions(ElfImage.open(stripped));
        expect(functions.length).toBeGreaterThan(1000);
        const wrong = functions.filter(({ address }) => symbols.lookup(address)?.start !== address);
        expect(wrong.map(({ name }) => decoder.decode(name))).toEqual([]);
        for (const name of ['runtime.mallocgc', 'fmt.Fprintln']) {
          const found = functions.find((each) => decoder.decode(each.name) === name);
          expect(objects.lookup(found?.address ?? 0)?.name).toBe(name);
          expect(symbols.lookup(found?.address ?? 0)?.name).toBe(name);
        }
      },
      TIMEOUT_MS,
    );

  test(
    'damage is an ElfError or fewer names',
    () => {
      const random = seeded(5);
      for (const options of [['-ldflags=-s -w'], ['-ldflags=-s -w', '-buildmode=pie']]) {
        const good = readFileSync(build(...options));
        const section = ElfImage.parse(good).section('.gopclntab');
        for (let round = 0; round < 20; round++) {
          const bytes = Uint8Array.from(good);
          for (let n = 0; n < 8; n++)
            bytes[(section?.offset ?? 0) + Math.floor(random() * 96)] = random() * 256;
          try {
            for (const { name } of readGoFunctions(ElfImage.parse(bytes)))
              expect(name.length).toBeLessThanOrEqual(4096);
          } catch (error) {
            expect(error).toBeInstanceOf(ElfError);
          }
        }
      }
    },
    TIMEOUT_MS,
  );
});
