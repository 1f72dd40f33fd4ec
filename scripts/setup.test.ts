// scripts/setup on machines that lack something.

import { describe, expect, test } from 'bun:test';
import { chmodSync, chownSync, existsSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  bin,
  calls,
  command,
  machine,
  npm,
  onBareMachines,
  prepare,
  run,
  setup,
  touch,
  tree,
  write,
} from './testing/bare-machine.ts';

onBareMachines();

describe('what is missing is named, with what to do', () => {
  test('no Node.js', () => {
    const result = setup();
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain('Node.js is missing: install version 20 or newer');
  });

  test('an old Node.js', () => {
    command('node', 'echo 18.20.1');
    expect(setup().stderr).toContain('Node.js 20 or newer is needed; this is 18.20.1');
  });

  test('no clang, and no apt-get to install it with', () => {
    prepare();
    rmSync(join(bin, 'clang'));
    const result = setup();
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toMatch(/missing: .*clang.*no apt-get/);
    expect(result.stderr).toMatch(/sudo apt-get install .*clang/);
    expect(result.stderr).toMatch(/sudo dnf install .*clang/);
    expect(result.stderr).toMatch(/sudo pacman -S .*clang/);
    expect(existsSync(join(tree, 'node_modules'))).toBe(false);
  });

  test('no clang, and neither root nor sudo', () => {
    prepare();
    rmSync(join(bin, 'clang'));
    command('id', 'echo 1000');
    command('apt-get', 'exit 1');
    const result = setup();
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('installing needs root');
    expect(result.stderr).toMatch(/sudo apt-get install .*clang/);
  });

  test('no network for apt-get', () => {
    prepare();
    rmSync(join(bin, 'clang'));
    command('id', 'echo 0');
    command('apt-get', 'echo "E: Temporary failure resolving deb.debian.org"; exit 100');
    const result = setup();
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('E: Temporary failure resolving deb.debian.org');
    expect(result.stderr).toContain('check the network');
  });

  test('a build that fails shows why, and is tried again', () => {
    prepare();
    command('npm', npm.replace('scripts/build.ts ]; then', '$1 ]; then echo "no BTF"; exit 3'));
    for (const _ of [1, 2]) {
      const result = setup();
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain('no BTF');
    }
  });
});

describe('a first run', () => {
  test('installs with apt-get what is missing', () => {
    prepare();
    rmSync(join(bin, 'clang'));
    command('id', 'echo 0');
    command('apt-get', `echo "apt-get $*" >>"$CALLS"; : >${bin}/clang; chmod +x ${bin}/clang`);
    const result = setup();
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toContain('installing with apt-get: clang');
    const apt = calls().filter((call) => call.startsWith('apt-get'));
    expect(apt[0]).toMatch(/ update$/);
    expect(apt[1]).toMatch(/ install -y --no-install-recommends .*clang/);
  });

  test('keeps stdout, the arguments and the directory for the command', () => {
    prepare();
    symlinkSync(join(tree, 'waggle'), join(bin, 'waggle'));
    const result = run(join(bin, 'waggle'), ['trace', '--', 'a b']);
    expect(result.exitCode).toBe(0);
    const [directory, ...rest] = result.stdout.trimEnd().split('\n');
    expect(directory).toBe(machine);
    const main = `${tree}/packages/cli/bundle/made/main.js`;
    expect(rest.slice(-4)).toEqual([main, 'trace', '--', 'a b']);
  });

  test('falls back to npm install where the lock file lacks platforms', () => {
    prepare();
    const refuse = '[ "$1" = ci ] && { echo "npm error code EUSAGE"; exit 1; }';
    command('npm', `${refuse}\n${npm}`);
    const result = setup();
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('package-lock.json is incomplete');
    expect(calls().some((call) => call.startsWith('npm install --no-save'))).toBe(true);
  });
});

describe('with what was built before', () => {
  /** As scripts/prebuilt.ts leaves it. */
  function prebuild(): void {
    for (const name of ['cut', 'find', 'getconf', 'sha256sum', 'sort', 'xargs'])
      symlinkSync(Bun.which(name) ?? name, join(bin, name));
    write('packages/bpf/include/bpf/bpf_helpers.h', '/* header */');
    write('packages/bpf/src/build/compile.ts', '// flags');
    write('packages/bpf/src/build/without-debugging.ts', '// more');
    write('packages/native/vendor/README.md', 'sources');
    write('packages/native/scripts/platforms.ts', '// targets');
    write('examples/opens.bpf.c', '/* example */');
    write('examples/opens.bpf.ts', '// its module');
    for (const part of ['bpf', 'native']) {
      const script = `root=${tree}; . scripts/setup-prebuilt.sh; prebuilt_digest ${part}`;
      const digest = Bun.spawnSync(['sh', '-c', script], { cwd: tree });
      expect(digest.stderr.toString()).toBe('');
      write(`prebuilt/${part}.digest`, digest.stdout.toString());
    }
  }
  const isOfGlibc = Bun.spawnSync(['getconf', 'GNU_LIBC_VERSION']).success;

  test.if(isOfGlibc)('no compiler is needed', () => {
    prepare();
    prebuild();
    rmSync(join(bin, 'clang'));
    expect(setup()).toMatchObject({ exitCode: 0, stdout: '' });
    expect(calls().filter((call) => call.includes('unpack'))).toHaveLength(2);
    expect(calls().filter((call) => call.includes('scripts/build.ts'))).toEqual([]);
    rmSync(join(machine, 'calls'));
    expect(setup().stderr).toBe('');
  });

  test.if(isOfGlibc)('but where C was edited, and only for what was', () => {
    prepare();
    prebuild();
    write('packages/native/src/load.c', '/* edited */');
    expect(setup().exitCode).toBe(0);
    expect(calls().filter((call) => call.includes('unpack'))).toEqual([
      expect.stringContaining('unpack bpf'),
    ]);
    expect(calls().filter((call) => call.includes('native/scripts/build.ts'))).toHaveLength(1);
    rmSync(join(tree, 'packages/bpf/dist'), { recursive: true });
    write('packages/bpf/bpf/shared/another.h', '/* new */');
    rmSync(join(bin, 'clang'));
    expect(setup().stderr).toMatch(/missing: .*clang/);
  });

  test.if(isOfGlibc)('CI builds from sources', () => {
    prepare();
    prebuild();
    command('chromium', '');
    const result = run(join(tree, 'scripts/setup'), [], machine, { CI: 'true' });
    expect(result.exitCode).toBe(0);
    expect(calls().filter((call) => call.includes('unpack'))).toEqual([]);
  });
});

describe('later runs', () => {
  const later = (path: string) => touch(path, 60);
  const again = () => {
    rmSync(join(machine, 'calls'), { force: true });
    expect(setup().exitCode).toBe(0);
    return existsSync(join(machine, 'calls')) ? calls() : [];
  };

  test('do nothing when nothing changed', () => {
    prepare();
    setup();
    expect(again()).toEqual([]);
  });

  test('build again, but install nothing, when a BPF source changed', () => {
    prepare();
    setup();
    later('packages/bpf/bpf/lifecycle/lifecycle.bpf.c');
    const called = again();
    expect(called).toContain('bun scripts/build.ts');
    expect(called.filter((call) => call.startsWith('npm'))).toEqual([]);
  });

  test('build the library with libbpf again when a C source of it changed', () => {
    prepare();
    setup();
    later('packages/native/src/load.c');
    const builds = again().filter((call) => call.includes('native/scripts/build.ts'));
    expect(builds).toHaveLength(1);
  });

  test('bundle the scripts of pictures again when a module of theirs changed', () => {
    prepare();
    setup();
    later('packages/formats/src/svg/viewer/main.ts');
    expect(again().filter((call) => call.includes('embed-viewers.ts'))).toHaveLength(1);
    later('packages/timeline/src/page/viewer/main.ts');
    expect(again().filter((call) => call.includes('embed-viewer.ts'))).toHaveLength(1);
  });

  test('install again when package-lock.json changed', () => {
    prepare();
    setup();
    later('package-lock.json');
    expect(again().some((call) => call.startsWith('npm ci'))).toBe(true);
  });

  test('are left out by WAGGLE_NO_SETUP=1', () => {
    const result = run(join(tree, 'scripts/setup'), [], machine, { WAGGLE_NO_SETUP: '1' });
    expect(result).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });
});

test.skipIf(process.getuid?.() !== 0)('root leaves what it makes to the owner of the clone', () => {
  prepare();
  chmodSync(machine, 0o755);
  chownSync(tree, 65_534, 65_534);
  setup();
  for (const path of [
    'node_modules',
    'node_modules/.bin/bun',
    'packages/bpf/dist',
    'packages/cli/bundle',
    'packages/ffi/prebuilt',
  ])
    expect([path, statSync(join(tree, path)).uid]).toEqual([path, 65_534]);
});
