// Machines that lack something, for tests of scripts/setup and ./waggle. A machine is a PATH that holds only
// what a test puts there, and a copy of the scripts in a throw-away tree.

import { afterEach, beforeEach, expect } from 'bun:test';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const source = resolve(import.meta.dir, '../..');
const everywhere =
  'basename cat chmod chown dirname env flock grep id mkdir mktemp readlink rm sed sh stat tail uname';

/** A folder with all of it, in it the clone, and what is in PATH. */
export let machine = '';
export let tree = '';
export let bin = '';

/** A new one for each test. */
export function onBareMachines(): void {
  beforeEach(makeMachine);
  afterEach(() => rmSync(machine, { recursive: true }));
}

function makeMachine(): void {
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
}

function copy(path: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  copyFileSync(join(source, path), join(tree, path));
}

export function write(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

export function command(name: string, script: string): void {
  rmSync(join(bin, name), { force: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

// The npm of these machines installs a bun that builds and bundles by creating the files, and
// otherwise tells how it was called.
export const npm = String.raw`
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

export function prepare(): void {
  command('node', 'echo 20.1.0');
  command('npm', npm);
  command('clang', '');
}

export function run(script: string, args: string[] = [], cwd = machine, environment = {}) {
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
export const touch = (path: string, seconds: number) => {
  const time = new Date(Date.now() + seconds * 1000);
  utimesSync(join(tree, path), time, time);
};
export const setup = (...args: string[]) => run(join(tree, 'scripts/setup'), args);
export const calls = () => readFileSync(join(machine, 'calls'), 'utf8').trim().split('\n');
