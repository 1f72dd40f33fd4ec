// The programs of tests/workloads, most of them C, built once in a run with the machine's compilers, into a
// folder that goes with the next run. What each does, and its known answers, stands in its first
// comment.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a program is built. */
interface Build {
  /** The source's name where it is not the program's; `.c` unless it has an extension. */
  readonly source?: string;
  readonly flags: readonly string[];
  /** Of COMPILERS; cc unless given. */
  readonly compiler?: Compiler;
}

const WARNINGS = ['-Wall', '-Wextra', '-Werror'];

/** Compilers with what precedes the source. Only cc and c++ are on every machine. */
const COMPILERS = {
  cc: ['cc', '-O1', ...WARNINGS],
  'c++': ['c++', '-O2', ...WARNINGS],
  'musl-gcc': ['musl-gcc', '-O1', ...WARNINGS],
  go: ['go', 'build'],
  rustc: ['rustc', '-O'],
} as const;

type Compiler = keyof typeof COMPILERS;

/** A frame pointer in every function, and no call that became a jump. */
const FRAMES = ['-fno-omit-frame-pointer', '-fno-optimize-sibling-calls', '-g0'];
const FIXED_ADDRESS = ['-static', '-no-pie', '-fno-PIE', ...FRAMES];

const LIBRARY = ['-shared', '-fPIC', ...FRAMES];
const NO_FRAMES = ['-fomit-frame-pointer', '-fno-optimize-sibling-calls', '-g0'];

/** Code of 32 bits, linked with no library, of which there may be none. */
const BARE_32 = ['-m32', '-static', '-nostdlib', '-fno-pie', '-no-pie', '-fno-stack-protector'];

const BUILDS = {
  exit_with: { flags: ['-static'] },
  fuse_server: { flags: [] },
  refuses: { flags: [] },
  frozen_terminal: { flags: [] },
  covers_text: { flags: FRAMES },
  inherits: { flags: [] },
  js_addon: { flags: LIBRARY },
  claims_arguments: { flags: ['-static'] },
  swaps_names: { flags: ['-static'] },
  many_mappings: { flags: [] },
  floods: { flags: ['-static', '-pthread'] },
  crowd: { flags: ['-O1', '-pthread'] },
  notified: { flags: [] },
  storm: { flags: ['-static'] },
  switches: { flags: ['-static'] },
  open_files: { flags: ['-static'] },
  heap: { flags: ['-pthread', '-fno-builtin', '-Wno-alloc-size-larger-than', ...NO_FRAMES] },
  waits: { flags: ['-pthread', '-fomit-frame-pointer'] },
  named_threads: { flags: ['-pthread', ...FRAMES] },
  restarts: { flags: [] },
  reap: { flags: ['-static'] },
  uses: { flags: ['-pthread'] },
  wait4: { flags: [] },
  thread_ends: { flags: ['-pthread'] },
  leader_ends: { flags: ['-pthread'] },
  exec_fails: { flags: ['-static'] },
  die_by: { flags: ['-static'] },
  exec_args: { flags: [] },
  exec_nameless: { flags: ['-static'] },
  brood: { flags: ['-static'] },
  family: { flags: ['-static'] },
  asks_time: { flags: FRAMES },
  forged_callers: { flags: FRAMES },
  call_tree: { flags: FRAMES },
  call_tree_nofp: { source: 'call_tree', flags: NO_FRAMES },
  call_tree_exported: { source: 'call_tree', flags: ['-rdynamic', ...NO_FRAMES] },
  call_tree_nofp_fixed: {
    source: 'call_tree',
    flags: ['-no-pie', '-fno-PIE', ...NO_FRAMES],
  },
  call_tree_nofp_static: { source: 'call_tree', flags: ['-static', '-no-pie', ...NO_FRAMES] },
  call_tree_nofp_static_pie: { source: 'call_tree', flags: ['-static-pie', ...NO_FRAMES] },
  call_tree_musl: { source: 'call_tree', compiler: 'musl-gcc', flags: NO_FRAMES },
  call_tree_musl_static: {
    source: 'call_tree',
    compiler: 'musl-gcc',
    flags: ['-static', ...NO_FRAMES],
  },
  asks_time_nofp: { source: 'asks_time', flags: NO_FRAMES },
  plt_calls: { flags: ['-fno-builtin', '-Wl,-z,lazy', ...NO_FRAMES] },
  stacks: { flags: ['-pthread', ...NO_FRAMES] },
  throws: { source: 'throws.cpp', compiler: 'c++', flags: ['-pthread', ...NO_FRAMES] },
  goroutine: { source: 'goroutine.go', compiler: 'go', flags: [] },
  boxed: { source: 'boxed.rs', compiler: 'rustc', flags: ['-C', 'force-frame-pointers=no'] },
  compat32: { flags: [...BARE_32, ...NO_FRAMES] },
  deep: { flags: NO_FRAMES },
  deep_calls: { flags: FRAMES },
  deep_calls_nofp: { source: 'deep_calls', flags: NO_FRAMES },
  named_burn: { flags: NO_FRAMES },
  relay: { flags: ['-static'] },
  inlined: { flags: ['-O2', '-g', ...FRAMES.filter((flag) => flag !== '-g0')] },
  late_library: { flags: [...NO_FRAMES, '-ldl'] },
  late_library_code: { flags: ['-shared', '-fPIC', ...NO_FRAMES] },
  loopback: { flags: FRAMES },
  mangled: { flags: FRAMES },
  swap_one: { source: 'swap', flags: ['-DFUNCTION=only_in_one', ...FIXED_ADDRESS] },
  swap_two: { source: 'swap', flags: ['-DFUNCTION=only_in_two', ...FIXED_ADDRESS] },
  bpf_ids: { flags: ['-static'] },
  busy_host: { flags: ['-static'] },
  burn_in_1: { source: 'burn_in', flags: ['-DFUNCTION=only_in_1', ...FRAMES] },
  burn_in_2: { source: 'burn_in', flags: ['-DFUNCTION=only_in_2', ...FRAMES] },
  burn_in_3: { source: 'burn_in', flags: ['-DFUNCTION=only_in_3', ...FRAMES] },
  burn_in_4: { source: 'burn_in', flags: ['-DFUNCTION=only_in_4', ...FRAMES] },
  burn_in_5: { source: 'burn_in', flags: ['-DFUNCTION=only_in_5', ...FRAMES] },
  generated: { flags: FRAMES },
  generated_static: { source: 'generated', flags: ['-static', ...FRAMES] },
  tiny: { flags: ['-pthread', ...NO_FRAMES] },
  late_names: { flags: FRAMES },
  jit_unwinding: { flags: NO_FRAMES },
  remapped: { flags: FRAMES },
  remapped_nofp: { source: 'remapped', flags: NO_FRAMES },
  in_memory: { flags: [] },
  plugin_host: { flags: [...FRAMES, '-ldl'] },
  faults: { flags: NO_FRAMES },
  called: { flags: NO_FRAMES },
  called_lines: { source: 'called', flags: ['-fomit-frame-pointer', '-g'] },
  usdt: { flags: NO_FRAMES },
  leaves_mark: { flags: ['-shared', '-fPIC'] },
  shifted_clock: { flags: ['-shared', '-fPIC'] },
  false_python: { flags: ['-pthread', '-rdynamic', ...NO_FRAMES] },
  false_v8: { flags: ['-pthread', '-rdynamic', ...FRAMES] },
  false_java: { flags: ['-pthread', '-rdynamic', ...FRAMES] },
  newer_v8: { source: 'false_v8', flags: ['-DMAJOR=14', '-pthread', '-rdynamic', ...FRAMES] },
  silent_v8: { source: 'false_v8', flags: ['-DSILENT', '-pthread', '-rdynamic', ...FRAMES] },
  plugin_1: { source: 'plugin', flags: ['-DFUNCTION=in_plugin_1', ...LIBRARY] },
  plugin_2: { source: 'plugin', flags: ['-DFUNCTION=in_plugin_2', ...LIBRARY] },
} satisfies Record<string, Build>;

export type Workload = keyof typeof BUILDS;

const sources = join(import.meta.dir, '../workloads');

interface BuildRun {
  readonly folder: string;
  readonly built: Set<string>;
}

/** On the global object: every test file evaluates this module anew, but there is one run. */
const runKey = Symbol.for('waggle-tests.build-run');

const FOLDER = 'waggle-tests-';

/** Those of runs that have ended: bun test tells nobody of its own end. */
function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = new RegExp(`^${FOLDER}(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function buildRun(): BuildRun {
  const holder = globalThis as { [runKey]?: BuildRun };
  const known = holder[runKey];
  if (known !== undefined) return known;
  removeLeftFolders();
  const folder = mkdtempSync(join(tmpdir(), `${FOLDER}${process.pid}-`));
  // Other users run some of the programs.
  chmodSync(folder, 0o755);
  const run = { folder, built: new Set<string>() };
  holder[runKey] = run;
  return run;
}

/** Path of the built program. @throws with what the compiler says. */
export function workload(name: Workload): string {
  const { folder, built } = buildRun();
  const path = join(folder, name);
  if (built.has(name)) return path;
  const build: Build = BUILDS[name];
  compile(path, build.source ?? name, build);
  built.add(name);
  return path;
}

/** The program with a name of one's own, which is that of the function NAME in its source too. */
export function workloadNamed(name: Workload, ownName: string): string {
  const { folder, built } = buildRun();
  const path = join(folder, ownName);
  if (built.has(path)) return path;
  const build: Build = BUILDS[name];
  compile(path, build.source ?? name, { ...build, flags: [`-DNAME=${ownName}`, ...build.flags] });
  built.add(path);
  return path;
}

function compile(path: string, source: string, { compiler = 'cc', flags }: Build): void {
  const file = join(sources, source.includes('.') ? source : `${source}.c`);
  // Go takes its flags before the source, the linker's libraries stand behind it.
  const words = compiler === 'go' ? ['-o', path, file] : [file, ...flags, '-o', path];
  const command = [...COMPILERS[compiler], ...words];
  const result = Bun.spawnSync(command, { stderr: 'pipe' });
  if (!result.success) throw new Error(`${command.join(' ')}\n${result.stderr.toString()}`);
}

/** Why the program cannot be built on this machine, for optional tests. */
export function whyNotBuilt(name: Workload): string | undefined {
  const { compiler = 'cc' }: Build = BUILDS[name];
  return Bun.which(compiler) === null ? `${compiler} is not installed` : undefined;
}

/** A copy of the program that a test may rename or delete. */
export function copyOfWorkload(name: Workload, path: string): string {
  copyFileSync(workload(name), path);
  return path;
}

let folders = 0;

/** A new, empty folder for the files of one test. */
export function freshFolder(): string {
  const path = join(buildRun().folder, `files-${process.pid}-${folders++}-${Date.now()}`);
  mkdirSync(path);
  return path;
}
