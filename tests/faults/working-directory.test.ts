// What somebody leaves in a folder in which root runs waggle: libraries, settings of the runtime,
// packages. Nothing of it is loaded, also where the system's own library is missing.

import { afterAll, describe, expect } from 'bun:test';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraryPaths } from '../../packages/ffi/src/native/library-paths.ts';
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

/** In a mount namespace in which the system's libbpf is an empty file. */
const withoutLibbpf = (): readonly string[] => {
  const hide = libraryPaths('libbpf.so.1')
    .paths.map((path) => `mount --bind /dev/null ${realpathSync(path)}`)
    .join(' && ');
  return ['unshare', '-m', 'sh', '-c', `${hide} && exec "$@"`, 'sh'];
};

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

  for (const command of ['doctor', 'trace'])
    faultRow(
      {
        area,
        what: `waggle ${command} where the system has no libbpf, in a folder with one`,
        holds: 'it is not loaded, and libbpf is said to be missing',
        times: [1, 5],
      },
      async () => {
        const result = await Waggle.run([command], { cwd, env, prefix: withoutLibbpf() });
        expect(result.code).toBe(command === 'doctor' ? result.code : 1);
        expect(result.stdout + result.stderr).toMatch(/apt-get install libbpf1/);
        expectNothingLoaded();
      },
    );
});
