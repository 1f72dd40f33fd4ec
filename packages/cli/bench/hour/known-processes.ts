// Processes whose end is known before anybody is asked: what they were called, how they ended, and what the kernel told
// their parent that they had used (wait4(2), by tests/workloads/wait4.c). Each has the mark of the run in its arguments.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What a row has to say. 64-bit numbers are small here. */
export interface KnownProcess {
  readonly kind: string;
  readonly pid: number;
  readonly argv: readonly string[];
  readonly uid: number;
  /** 0 beside a signal. */
  readonly exitCode: number;
  readonly signal: string | null;
  readonly cpuMs: number;
  readonly maxRssBytes: number;
  readonly writeBytes: number;
  /** When it had ended, ms since 1970. */
  readonly endedBy: number;
}

export interface KnownFailure {
  readonly mark: string;
  readonly error: string;
}

interface Plan {
  readonly kind: string;
  readonly argv: readonly string[];
  readonly exitCode?: number;
  readonly signal?: string;
  readonly uid?: number;
  readonly cgroup?: string;
}

const NOBODY = 65_534;
/** cgroup v1, as most hosts of today that have it mount it; without it nobody runs out of memory. */
const MEMORY_CGROUPS = '/sys/fs/cgroup/memory';
const OOM_LIMIT = 32 << 20;
const STORM = 500;

export class KnownScript {
  readonly processes: KnownProcess[] = [];
  readonly failures: KnownFailure[] = [];
  readonly #folder: string;
  readonly #mark: string;
  readonly #programs: Readonly<Record<'wait4' | 'exit_with' | 'call_tree' | 'storm', string>>;

  constructor(folder: string, mark: string) {
    this.#folder = folder;
    this.#mark = mark;
    const compile = (name: string, ...flags: string[]) => {
      const output = join(folder, name);
      const source = join(resolve(import.meta.dir, '../../../../tests/workloads'), `${name}.c`);
      if (spawnSync('cc', ['-O1', ...flags, '-o', output, source]).status !== 0)
        throw new Error(`${name}.c does not compile: cc is needed`);
      return output;
    };
    this.#programs = {
      wait4: compile('wait4', '-static'),
      exit_with: compile('exit_with', '-static'),
      call_tree: compile('call_tree', '-fno-optimize-sibling-calls'),
      storm: compile('storm', '-static'),
    };
  }

  /** 60 %, 25 % and 15 % of its time in functions that are called so. */
  get callTree(): string {
    return this.#programs.call_tree;
  }

  /** @param round makes their arguments different from those of other rounds */
  run(round: number): void {
    for (const plan of this.#plans(round)) this.#runOne(plan);
    for (const error of ['ENOENT', 'EACCES']) this.#fail(error, `${this.#mark}-${round}-${error}`);
    this.#storm(round);
  }

  #plans(round: number): Plan[] {
    const mark = (what: string) => `${this.#mark}-${round}-${what}`;
    const { exit_with: exitWith, call_tree: callTree } = this.#programs;
    const file = join(this.#folder, mark('storage'));
    const [code, ms, megabytes] = [1 + ((round * 37) % 250), 20 + round * 15, 10 + 3 * round];
    const touches = `x = bytearray(${megabytes} << 20)`;
    const plans: Plan[] = [
      { kind: 'ends well', argv: [exitWith, '--id=0', mark('well'), '', 'two words', 'ä"\'\n$x'] },
      {
        ...{ kind: 'ends with a code', exitCode: code },
        argv: [exitWith, `--id=${code}`, mark('code'), 'x'.repeat(400)],
      },
      {
        ...{ kind: 'another user', uid: NOBODY, exitCode: 3 },
        argv: ['/bin/sh', '-c', 'exit 3', mark('user')],
      },
      {
        ...{ kind: 'CPU time', exitCode: 9 },
        argv: [callTree, String(ms), 'code=9', mark('cpu')],
      },
      { kind: 'memory', argv: ['/usr/bin/python3', '-c', touches, mark('memory')] },
      {
        kind: 'storage',
        argv: [
          ...[
            '/bin/sh',
            '-c',
            'exec dd if=/dev/zero of="$0" bs=64k conv=fsync count="$1" 2>/dev/null',
          ],
          ...[file, String(8 * (round + 1))],
        ],
      },
      {
        ...{ kind: 'became another', exitCode: 5 },
        argv: ['/bin/sh', '-c', `exec "$0" --id=5 ${mark('exec')}`, exitWith],
      },
      ...(['TERM', 'KILL', 'SEGV', 'USR1'] as const).map((signal) => ({
        ...{ kind: 'ends by a signal', signal: `SIG${signal}` },
        argv: ['/bin/sh', '-c', `ulimit -c 0; kill -${signal} $$`, mark(signal)],
      })),
    ];
    if (existsSync(MEMORY_CGROUPS))
      plans.push({
        ...{ kind: 'out of memory', signal: 'SIGKILL', cgroup: join(MEMORY_CGROUPS, mark('oom')) },
        argv: ['/usr/bin/python3', '-c', 'x = bytearray(64 << 20)', mark('oom')],
      });
    return plans;
  }

  #runOne({ kind, argv, exitCode = 0, signal, uid = 0, cgroup }: Plan): void {
    const { wait4 } = this.#programs;
    if (cgroup !== undefined) {
      mkdirSync(cgroup);
      writeFileSync(join(cgroup, 'memory.limit_in_bytes'), String(OOM_LIMIT));
    }
    const enter = cgroup === undefined ? '' : `echo $$ > ${cgroup}/cgroup.procs; `;
    const command = ['/bin/sh', '-c', `${enter}exec "$@"`, 'sh', wait4, '1', ...argv];
    const as = ['setpriv', `--reuid=${uid}`, '--clear-groups', ...command];
    const run = uid === 0 ? command : as;
    const { stdout, status } = spawnSync(run[0] ?? '', run.slice(1), {
      cwd: this.#folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const endedBy = Date.now();
    if (cgroup !== undefined) rmdirSync(cgroup);
    const [line = ''] = stdout.trim().split('\n').slice(-1);
    const [pid = 0, userUs = 0, systemUs = 0, rssKb = 0, , , , , written = 0] = line
      .split(' ')
      .map(Number);
    if (status !== 0 || !(pid > 0)) throw new Error(`${kind}: ${status}, ${JSON.stringify(line)}`);
    this.processes.push({
      ...{ kind, pid, uid, endedBy, argv: lastImage(kind, argv, this.#programs.exit_with) },
      exitCode,
      signal: signal ?? null,
      cpuMs: (userUs + systemUs) / 1000,
      maxRssBytes: rssKb * 1024,
      writeBytes: written,
    });
  }

  #fail(error: string, mark: string): void {
    const path = join(this.#folder, mark);
    if (error === 'EACCES') writeFileSync(path, '', { mode: 0o600 });
    spawnSync('/bin/sh', ['-c', `exec ${path}`], { stdio: 'ignore' });
    this.failures.push({ mark, error });
  }

  /** So short ones that nobody who looks now and then sees them. */
  #storm(round: number): void {
    const { storm, exit_with: exitWith } = this.#programs;
    const program = join(this.#folder, `${this.#mark}-${round}-storm`);
    spawnSync('cp', [exitWith, program]);
    spawnSync(storm, [String(STORM), String(round * STORM), program, 'rate=250']);
    const endedBy = Date.now();
    for (let at = 0; at < STORM; at++) {
      const id = round * STORM + at;
      this.processes.push({
        ...{ kind: 'of a storm', pid: 0, uid: 0, argv: [program, `--id=${id}`], endedBy },
        ...{ exitCode: id % 251, signal: null, cpuMs: -1, maxRssBytes: -1, writeBytes: -1 },
      });
    }
  }
}

/** The arguments that a process has at its end. */
function lastImage(kind: string, argv: readonly string[], exitWith: string): readonly string[] {
  if (kind === 'storage') {
    const [, , , file = '', count = ''] = argv;
    return ['dd', 'if=/dev/zero', `of=${file}`, 'bs=64k', 'conv=fsync', `count=${count}`];
  }
  if (kind === 'became another') return [exitWith, '--id=5', argv[2]?.split(' ').at(-1) ?? ''];
  return argv;
}
