// scripts/setup and ./waggle on machines that lack something. A machine is a PATH that holds only
// what a test puts there, and a copy of the scripts in a throw-away tree.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const source = resolve(import.meta.dir, '..');
const everywhere =
  'basename cat chmod chown dirname env flock grep id mkdir mktemp readlink rm sed sh stat tail uname';

let machine = '';
let tree = '';
let bin = '';

beforeEach(() => {
  machine = realpathSync(mkdtempSync(join(tmpdir(), 'waggle-setup-')));
  tree = join(machine, 'clone');
  bin = join(machine, 'bin');
  mkdirSync(bin);
  for (const name of everywhere.split(' ')) {
    const path = Bun.which(name);
    if (path) symlinkSync(path, join(bin, name));
  }
  for (const file of readdirSync(join(source, 'scripts'), { withFileTypes: true })) {
    if (file.isFile()) copy(`scripts/${file.name}`);
  }
  copy('waggle');
  write('package-lock.json', '{}');
  write('packages/bpf/bpf/lifecycle/lifecycle.bpf.c', '/* source */');
  write('packages/bpf/bpf/shared/shared.h', '/* no source of its own */');
  write('packages/bpf/scripts/build.ts', '// build');
  write('packages/native/src/load.c', '/* source */');
  write('packages/native/scripts/build.ts', '// build');
  write('packages/formats/src/svg/viewer/main.ts', '// viewer');
  write('packages/timeline/src/page/viewer/main.ts', '// viewer');
  write('packages/serve/src/page/viewer/main.ts', '// viewer');
  write('packages/cli/src/main.ts', '// main');
  for (const name of ['doctor', 'trace']) write(`packages/cli/src/${name}.ts`, '');
});
afterEach(() => rmSync(machine, { recursive: true }));

function copy(path: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  copyFileSync(join(source, path), join(tree, path));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

function command(name: string, script: string): void {
  rmSync(join(bin, name), { force: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

// The npm of these machines installs a bun that builds and bundles by creating the files, and
// otherwise tells how it was called.
const npm = String.raw`
echo "npm $*" >>"$CALLS"
mkdir -p node_modules/.bin node_modules/bun node_modules/deno node_modules/esbuild
: >node_modules/.package-lock.json
cat >node_modules/.bin/bun <<'BUN'
#!/bin/sh
echo "bun $*" >>"$CALLS"
[ "$1" = --version ] && exit
if [ "$1" = scripts/build.ts ]; then
  mkdir -p dist/x86_64 dist/aarch64 src/generated
  : >dist/x86_64/lifecycle.bpf.o
  : >dist/aarch64/lifecycle.bpf.o
  : >src/generated/layouts.ts
  : >src/generated/embedded-objects.ts
  : >src/generated/skeletons.ts
  exit
fi
script=
for word; do case $word in -*) ;; *) script=$word; break ;; esac; done
case $script in */scripts/embed-workers.ts)
  cd "$(dirname "$script")/../packages" || exit
  mkdir -p core/src/generated profiler/src/generated
  : >core/src/generated/watchdog-worker.ts
  : >profiler/src/generated/symbolization-worker.ts
  exit ;;
*/scripts/prebuilt.ts)
  cd "$(dirname "$script")/../packages" || exit
  case "$*" in
    *'unpack bpf')
      mkdir -p bpf/dist/x86_64 bpf/dist/aarch64 bpf/src/generated
      : >bpf/dist/x86_64/lifecycle.bpf.o
      : >bpf/dist/aarch64/lifecycle.bpf.o
      for name in layouts embedded-objects skeletons; do : >bpf/src/generated/$name.ts; done ;;
    *'unpack native')
      mkdir -p ffi/src/generated ffi/prebuilt/linux-x64
      : >ffi/prebuilt/linux-x64/libwaggle.so
      : >ffi/src/generated/embedded-libraries.ts ;;
  esac
  exit ;;
*/packages/native/scripts/build.ts)
  cd "$(dirname "$script")/../.." || exit
  mkdir -p ffi && cd ffi || exit
  mkdir -p src/generated prebuilt/linux-x64
  : >prebuilt/linux-x64/libwaggle.so
  : >src/generated/embedded-libraries.ts
  exit ;;
*/packages/formats/scripts/embed-viewers.ts)
  cd "$(dirname "$script")/.." || exit
  mkdir -p src/generated
  : >src/generated/svg-viewer.ts
  : >src/generated/html-viewer.ts
  exit ;;
*/packages/timeline/scripts/embed-viewer.ts)
  cd "$(dirname "$script")/.." || exit
  mkdir -p src/generated
  : >src/generated/timeline-viewer.ts
  exit ;;
*/packages/serve/scripts/embed-page.ts)
  cd "$(dirname "$script")/.." || exit
  mkdir -p src/generated
  : >src/generated/serve-page.ts
  exit ;;
*/packages/cli/scripts/bundle.ts)
  [ -z "$NO_BUNDLE" ] || exit 1
  cd "$(dirname "$script")/.." || exit
  mkdir -p bundle/made
  : >bundle/made/stamp
  : >bundle/made/main.js
  echo 'bundle=packages/cli/bundle/made bundle_sources=packages/cli/src/main.ts
bundle_commands="doctor trace"
bundle_sources_doctor=packages/cli/src/doctor.ts bundle_sources_trace=packages/cli/src/trace.ts' >bundle/current.sh
  exit ;;
esac
printf '%s\n' "$PWD" "$@"
BUN
chmod +x node_modules/.bin/bun
for name in deno esbuild; do
  printf '#!/bin/sh\n' >node_modules/.bin/$name
  chmod +x node_modules/.bin/$name
done`;

function prepare(): void {
  command('node', 'echo 20.1.0');
  command('npm', npm);
  command('clang', '');
}

function run(script: string, args: string[] = [], cwd = machine, environment = {}) {
  const child = Bun.spawnSync([script, ...args], {
    cwd,
    env: { PATH: bin, CALLS: join(machine, 'calls'), ...environment },
  });
  const words = child.stderr.toString();
  // On stderr of the trace command that word says that events are captured from now on.
  expect(words).not.toMatch(/ready/i);
  return { exitCode: child.exitCode, stdout: child.stdout.toString(), stderr: words };
}

/** Seconds from now, also before it: no test waits for the clock. */
const touch = (path: string, seconds: number) => {
  const time = new Date(Date.now() + seconds * 1000);
  utimesSync(join(tree, path), time, time);
};
const setup = (...args: string[]) => run(join(tree, 'scripts/setup'), args);
const calls = () => readFileSync(join(machine, 'calls'), 'utf8').trim().split('\n');

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

describe('what ./waggle runs', () => {
  const sources = 'packages/cli/src/main.ts';
  const bundled = 'packages/cli/bundle/made/main.js';
  const ofDoctor = 'packages/cli/src/doctor.ts';
  const ofTrace = 'packages/cli/src/trace.ts';
  const waggle = (environment = {}) => {
    rmSync(join(machine, 'calls'), { force: true });
    const result = run(join(tree, 'waggle'), ['doctor'], machine, environment);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const ran = result.stdout
      .trimEnd()
      .split('\n')
      .at(-2)
      ?.slice(tree.length + 1);
    return { ran, bundles: calls().filter((call) => call.includes('bundle.ts')).length };
  };

  beforeEach(() => {
    prepare();
    for (const path of [sources, ofDoctor, ofTrace]) touch(path, -60);
    setup();
  });

  test('is the bundle that set-up made', () => {
    expect(waggle()).toEqual({ ran: bundled, bundles: 0 });
  });

  test('is a new bundle after a source changed', () => {
    touch('packages/cli/bundle/made/stamp', -120);
    expect(waggle()).toEqual({ ran: bundled, bundles: 1 });
    expect(waggle()).toEqual({ ran: bundled, bundles: 0 });
  });

  test('is a new bundle after a source of the command changed, not of another one', () => {
    touch(ofTrace, 60);
    expect(waggle()).toEqual({ ran: bundled, bundles: 0 });
    touch(ofDoctor, 60);
    expect(waggle().bundles).toBe(1);
  });

  test('is a new bundle when a source is as old as the last one', () => {
    const { mtime } = statSync(join(tree, 'packages/cli/bundle/made/stamp'));
    utimesSync(join(tree, sources), mtime, mtime);
    utimesSync(join(tree, 'packages/cli/bundle/made/stamp'), mtime, mtime);
    expect(waggle().bundles).toBe(1);
  });

  test('is the sources where bundling fails, until it succeeds', () => {
    touch('packages/cli/bundle/made/stamp', -120);
    expect(waggle({ NO_BUNDLE: '1' })).toEqual({ ran: sources, bundles: 1 });
    expect(waggle()).toEqual({ ran: bundled, bundles: 1 });
  });

  test('with WAGGLE_NO_SETUP=1 is the bundle while it is current, then the sources', () => {
    expect(waggle({ WAGGLE_NO_SETUP: '1' })).toEqual({ ran: bundled, bundles: 0 });
    touch('packages/cli/bundle/made/stamp', -120);
    expect(waggle({ WAGGLE_NO_SETUP: '1' })).toEqual({ ran: sources, bundles: 0 });
  });

  test.if(process.getuid?.() !== 0 || Bun.which('setpriv') !== null)(
    'is the sources in a clone that is not writable, without an attempt',
    () => {
      touch('packages/cli/bundle/made/stamp', -120);
      chmodSync(machine, 0o755);
      chmodSync(join(tree, 'packages/cli/bundle'), 0o555);
      writeFileSync(join(machine, 'calls'), '');
      chmodSync(join(machine, 'calls'), 0o666);
      const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const [program = '', ...args] = [
        ...(process.getuid?.() === 0 ? nobody : []),
        join(tree, 'waggle'),
        'doctor',
      ];
      const result = run(Bun.which(program) ?? program, args);
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      expect(result.stdout).toContain(`${tree}/${sources}\ndoctor\n`);
      expect(calls().filter((call) => call.includes('bundle.ts'))).toEqual([]);
    },
  );
});
