// What somebody leaves in a folder in which root runs waggle: libraries, settings of the runtime,
// packages. Nothing of it is loaded, also where the system's own library is missing.
// Runs beside others.

import { afterAll, describe, expect } from 'bun:test';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const folder = freshFolder();
const mark = join(folder, 'MARK');
afterAll(() => rmSync(folder, { recursive: true }));

const LIBRARIES = [
  'libbpf.so.1',
  'libbpf.so',
  'libelf.so.1',
  'libz.so.1',
  'libc.so.6',
  'libm.so.6',
];

/** A folder with everything that a runtime or the linker might look for by a relative name. */
function trap(): string {
  const path = join(folder, 'trap');
  mkdirSync(join(path, 'node_modules/effect'), { recursive: true });
  for (const name of LIBRARIES) cpSync(workload('leaves_mark'), join(path, name));
  const leave = `require('node:fs').writeFileSync(${JSON.stringify(mark)}, 'script');`;
  writeFileSync(join(path, 'preload.js'), leave);
  writeFileSync(
    join(path, 'bunfig.toml'),
    'preload = ["./preload.js"]\n[test]\npreload = ["./preload.js"]\n',
  );
  writeFileSync(
    join(path, '.env'),
    `BUN_OPTIONS=--preload=${path}/preload.js\nNODE_OPTIONS=-r ./preload.js\n`,
  );
  const paths = { compilerOptions: { baseUrl: '.', paths: { '*': ['./preload.js'] } } };
  for (const name of ['tsconfig.json', 'jsconfig.json'])
    writeFileSync(join(path, name), JSON.stringify(paths));
  writeFileSync(
    join(path, 'package.json'),
    JSON.stringify({ imports: { '#x': './preload.js' }, main: './preload.js' }),
  );
  writeFileSync(
    join(path, 'node_modules/effect/package.json'),
    JSON.stringify({ name: 'effect', main: '../../preload.js' }),
  );
  return path;
}

const cwd = trap();
const env = { LEAVES_MARK: mark };

/** In a mount namespace in which the system's libbpf, libelf and zlib are empty files. */
const withoutLibraries = [
  'unshare',
  '-m',
  'sh',
  '-c',
  `find /usr/lib /usr/lib64 /usr/local/lib -xdev -type f 2>/dev/null |
    grep -E '/lib(bpf|elf|z)[.-][^/]*so[^/]*$' |
    while read -r library; do mount --bind /dev/null "$library"; done
  exec "$@"`,
  'sh',
];

function expectNothingLoaded(): void {
  expect(existsSync(mark)).toBe(false);
}

describe('a folder with traps', () => {
  const area = 'somebody else’s code';
  for (const args of [
    ['doctor'],
    ['trace', '--duration', '0.2'],
    ['record', '-a', '-d', '0.2', '-o', join(folder, 'out.folded')],
    ['ps', '1'],
  ])
    faultRow(
      {
        area,
        what: `waggle ${args[0]} in a folder with traps`,
        holds: 'nothing of it is loaded',
        times: [1, 5],
      },
      async () => {
        const { code, stderr } = await Waggle.run(args, { cwd, env });
        expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
        expectNothingLoaded();
      },
    );

  for (const args of [['doctor'], ['trace', '--duration', '0.2']])
    faultRow(
      {
        area,
        what: `waggle ${args[0]} where the system has no libbpf, libelf and zlib, in a folder with them`,
        holds: 'it works, and nothing of the folder is loaded',
        times: [1, 5],
      },
      async () => {
        const { code, stderr } = await Waggle.run(args, { cwd, env, prefix: withoutLibraries });
        expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
        expectNothingLoaded();
      },
    );
});
