// A load of real programs at a stated rate: shells, pipes, file tools, an interpreter, a compiler, and a share of a CPU
// that is busy, beside processes that only wait. It is nice(1), and takes half a CPU at 200 programs a second.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Of one round. `%` is the number of the start: arguments differ, as a host's do. A pipe is three programs. */
const MIX: readonly (readonly [times: number, command: string])[] = [
  [6, '/bin/true --id %'],
  [4, 'ls -l /etc --width %'],
  [4, 'cat /etc/passwd'],
  [3, 'grep -c root /etc/group'],
  [3, 'expr % + 1'],
  [3, 'basename /some/path/of/number/%'],
  [2, 'date +%s'],
  [2, 'sed -n 1p /etc/passwd'],
  [2, 'test -e /tmp/%'],
  [2, 'awk BEGIN{exit(3)}'],
  [2, '/no/such/program %'],
  [6, 'sh PIPE %'],
];
/** Programs that `sh PIPE` starts beside itself. */
const PIPED = 2;
const NICE = ['nice', '-n', '10'];
/** Seconds between two of these, all but the last at 200 programs a second. */
const EVERY = { compiler: 2, python: 1.5, node: 8, busy: 2 };
const FULL_RATE = 200;

export interface MixedLoad {
  /** Programs a second, without those of the compiler and of the interpreter. */
  readonly rate: number;
  /** That only wait. */
  readonly waiting: number;
  /** Share of one CPU that is busy all the time. */
  readonly busy: number;
}

/** Runs until it is ended. Its files are in a folder that its caller removes. */
export class Load implements Disposable {
  readonly #children: ChildProcess[] = [];

  constructor(folder: string, { rate, waiting, busy }: MixedLoad) {
    mkdirSync(folder, { recursive: true });
    const mixed = compile(folder, 'mixed_load', resolve(import.meta.dir, '..'));
    const callTree = compile(
      folder,
      'call_tree',
      resolve(import.meta.dir, '../../../../tests/workloads'),
    );
    const pipe = written(
      folder,
      'pipe.sh',
      'ls /usr/lib | head -n 3 >/dev/null; exit $(( $1 % 2 ))\n',
    );
    const commands = MIX.flatMap(([times, command]) =>
      Array.from({ length: times }, () => whole(command.replace('PIPE', pipe))),
    ).toSorted((a, b) => Bun.hash.crc32(a) - Bun.hash.crc32(b));
    const pipes = commands.filter((command) => command.includes(pipe)).length;
    const share = commands.length / (commands.length + pipes * PIPED);
    this.#start([mixed, String(Math.max(1, Math.round(rate * share))), ...interleaved(commands)]);
    const seldom = FULL_RATE / rate;
    const source = written(folder, 'one.c', SOURCE);
    this.#forEver(
      folder,
      'compiles',
      `cc -O1 -DNUMBER=$i -c -o ${folder}/one.o ${source}`,
      EVERY.compiler * seldom,
    );
    const script = written(folder, 'one.py', SCRIPT);
    this.#forEver(folder, 'interprets', `${pythonPath()} ${script} $i`, EVERY.python * seldom);
    if (Bun.which('node') !== null)
      this.#forEver(folder, 'runs-node', `node -p $i`, EVERY.node * seldom);
    // The loop's own programs count, too, and are few.
    if (busy > 0)
      this.#forEver(
        ...([
          folder,
          'is-busy',
          `timeout ${EVERY.busy * busy} ${callTree} 1000000`,
          EVERY.busy * (1 - busy),
        ] as const),
      );
    if (waiting > 0)
      this.#start([
        'sh',
        '-c',
        `i=0; while [ $i -lt ${waiting} ]; do sleep 1d & i=$((i+1)); done; wait`,
      ]);
  }

  [Symbol.dispose](): void {
    // Each has a group of its own, with whatever it has started.
    for (const { pid } of this.#children)
      if (pid !== undefined)
        try {
          process.kill(-pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
  }

  #start(command: readonly string[]): void {
    const [nice = '', ...rest] = [...NICE, ...command];
    this.#children.push(spawn(nice, rest, { stdio: 'ignore', detached: true }));
  }

  #forEver(folder: string, name: string, what: string, pauseSeconds: number): void {
    const loop = `i=0; while :; do ${what}; i=$((i+1)); sleep ${pauseSeconds}; done\n`;
    this.#start(['sh', written(folder, `${name}.sh`, loop)]);
  }
}

/** With the path of its program: execvp(3) tries one folder after the other, and each is a failed exec. */
function whole(command: string): string {
  const [program = '', ...rest] = command.split(' ');
  return [Bun.which(program) ?? program, ...rest].join(' ');
}

/** Itself, where what is found by its name is a script that looks for it. */
function pythonPath(): string {
  const asked = ['-c', 'import sys; print(sys.executable)'];
  const { status, stdout } = spawnSync('python3', asked, { encoding: 'utf8' });
  if (status !== 0) throw new Error('python3 is needed');
  return stdout.trim();
}

/** Equal ones far from each other. */
function interleaved(commands: readonly string[]): string[] {
  const step = 7;
  return commands.map((_, at) => commands[(at * step) % commands.length] ?? '');
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function compile(folder: string, name: string, from: string): string {
  const output = join(folder, name);
  const { status } = spawnSync('cc', [
    '-O1',
    '-fno-optimize-sibling-calls',
    '-o',
    output,
    join(from, `${name}.c`),
  ]);
  if (status !== 0) throw new Error(`${name}.c does not compile: cc is needed`);
  return output;
}

const SOURCE = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv)
{
	int values[NUMBER % 64 + 8];
	for (unsigned at = 0; at < sizeof(values) / sizeof(*values); at++)
		values[at] = (int)(at * 2654435761u) ^ argc;
	qsort(values, sizeof(values) / sizeof(*values), sizeof(*values), compare);
	return printf("%s %d\\n", argv[0], values[0]) < 0;
}
`;

const SCRIPT = `
import json, sys
def depth(level):
    return 1 if level == 0 else 1 + depth(level - 1)
def work(number):
    return json.dumps({str(at): depth(at % 60) for at in range(200 + number % 50)})
work(int(sys.argv[1]))
`;
