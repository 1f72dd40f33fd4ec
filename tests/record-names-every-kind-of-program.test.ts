// Programs that nobody prepared for a profiler: languages and runtimes, stripped files with their names
// elsewhere, code in memory, and children that live for a few milliseconds.

import { describe, expect } from 'bun:test';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { type FoldedStack, parseFolded, samples, samplesWith } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { run, TestProcess } from './support/processes.ts';
import { RECORDED_HZ, Recorded } from './support/recorded.ts';
import { misnamedSwaps } from './support/swaps.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, type Workload, workload } from './support/workloads.ts';

const recordedCommand = (...command: readonly string[]) => Recorded.of(['--', ...command]);

/** Share of all samples whose stack has a function that fits. */
function share(stacks: readonly FoldedStack[], fits: RegExp): number {
  const fitting = samples(stacks, ({ frames }) => frames.slice(1).some((name) => fits.test(name)));
  return fitting / samples(stacks);
}

/** The innermost function in user space; undefined for a stack that is the kernel's alone. */
const userLeaf = ({ frames }: FoldedStack) =>
  frames.slice(1).findLast((name) => !name.endsWith('_[k]'));

const isNameless = (name: string) => /^\[(unknown|.*\+0x[0-9a-f]+)\]$/.test(name);

/** Where its installer puts it, if it is not on the path. */
const find = (program: string) =>
  Bun.which(program, {
    PATH: `${process.env.PATH}:/usr/local/go/bin:${process.env.HOME}/.cargo/bin`,
  }) ?? undefined;
const missing = (program: string) =>
  find(program) === undefined ? `${program} is not installed` : undefined;

function sourceFile(name: string, text: string): string {
  const path = join(freshFolder(), name);
  writeFileSync(path, text);
  return path;
}

describe('children of a few milliseconds', () => {
  const PROGRAMS = ['burn_in_1', 'burn_in_2', 'burn_in_3', 'burn_in_4', 'burn_in_5'] as const;
  const CHILDREN = 300;

  kernelTest('are named, and none by another one', async () => {
    const programs = PROGRAMS.map((program, index) => `${workload(program)} ${3 + (index % 3)}`);
    const loop = `i=0; while [ $i -lt ${CHILDREN / 5} ]; do ${programs.join('; ')}; i=$((i+1)); done`;
    const { stacks } = await recordedCommand('/bin/sh', '-c', loop);
    const children = stacks.filter(({ frames }) => /^(only|burn)_in_/.test(frames[0] ?? ''));
    const inUser = children.filter((stack) => userLeaf(stack) !== undefined);
    const total = samples(inUser);
    // 3, 4, 5, 3 and 4 ms, one after the other.
    expect(total).toBeGreaterThan(0.7 * (CHILDREN / 5) * 19);
    const nameless = samples(inUser, (stack) => isNameless(userLeaf(stack) ?? ''));
    expect(nameless).toBeLessThanOrEqual(0.01 * total);
    for (const program of PROGRAMS) {
      const own = program.replace('burn', 'only');
      const crossed = samples(children, ({ frames }) => frames[0] !== own && frames.includes(own));
      expect({ program, crossed }).toEqual({ program, crossed: 0 });
    }
  });
});

describe('a process that changes its program all the time', () => {
  /** Each image burns 4 ms. */
  const SWAPS = 300;

  for (const hz of [49, 99, 499, 999, 1999])
    kernelTest(`at ${hz} Hz has the names of each program, half and half`, async () => {
      const path = join(freshFolder(), 'out.folded');
      const command = [workload('swap_one'), String(SWAPS), workload('swap_two')];
      await Waggle.run(['record', '-F', String(hz), '-o', path, '--', ...command]);
      const stacks = parseFolded(readFileSync(path, 'utf8'));
      const one = samplesWith(stacks, 'only_in_one');
      const two = samplesWith(stacks, 'only_in_two');
      expect(misnamedSwaps(stacks)).toBe(0);
      expect(one + two).toBeGreaterThan(0.6 * samples(stacks));
      expect(one + two).toBeGreaterThan(0.5 * hz * 0.004 * SWAPS);
      const deviation = 50 / Math.sqrt(one + two);
      expect(Math.abs((100 * one) / (one + two) - 50)).toBeLessThan(Math.max(4, 4 * deviation));
    });
});

describe('programs of other languages', () => {
  for (const [what, options] of [
    ['Go', []],
    ['Go, stripped', ['-ldflags=-s -w']],
  ] as const)
    optionalKernelTest(what, missing('go'), async () => {
      const source = sourceFile(
        'main.go',
        `package main

import "time"

var sink uint64

type bee struct{}

//go:noinline
func (b *bee) work(end time.Time) {
	for time.Now().Before(end) {
		for i := uint64(0); i < 100000; i++ {
			sink += i ^ sink
		}
	}
}

func main() { (&bee{}).work(time.Now().Add(600 * time.Millisecond)) }
`,
      );
      const program = join(dirname(source), 'hive');
      await run(find('go') ?? '', 'build', ...options, '-o', program, source);
      const { stacks } = await recordedCommand(program);
      expect(share(stacks, /^main\.\(\*bee\)\.work$/)).toBeGreaterThan(0.8);
      expect(share(stacks, /^runtime\.main$/)).toBeGreaterThan(0.8);
    });

  for (const [mangling, options] of [
    ['v0', []],
    // Only behind a flag since v0 is what the compiler does by itself.
    ['legacy', ['-Zunstable-options']],
  ] as const)
    optionalKernelTest(`Rust, mangled as ${mangling}`, missing('rustc'), async () => {
      const source = sourceFile(
        'hive.rs',
        `use std::hint::black_box;
use std::time::{Duration, Instant};

struct Bee(u64);

trait Work {
    fn work(&mut self, end: Instant);
}

impl Work for Bee {
    #[inline(never)]
    fn work(&mut self, end: Instant) {
        while Instant::now() < end {
            for i in 0..100_000u64 {
                self.0 = black_box(self.0 ^ i);
            }
        }
        black_box(&self.0);
    }
}

fn main() {
    Bee(0).work(Instant::now() + Duration::from_millis(600));
}
`,
      );
      const program = join(dirname(source), 'hive');
      const compiler = ['env', 'RUSTC_BOOTSTRAP=1', find('rustc') ?? ''];
      const manglingOptions = ['-C', `symbol-mangling-version=${mangling}`, ...options];
      await run(...compiler, '-O', ...manglingOptions, '-o', program, source);
      const { stacks } = await recordedCommand(program);
      expect(share(stacks, /^<hive::Bee as hive::Work>::work$/)).toBeGreaterThan(0.8);
      expect(share(stacks, /^hive::main$/)).toBeGreaterThan(0.8);
    });
});

describe('a stripped program', () => {
  /** The program without its names, and the file with them. */
  async function stripped(name: Workload): Promise<{ program: string; debug: string }> {
    const folder = freshFolder();
    const debug = join(folder, 'program.debug');
    const program = join(folder, 'program');
    await run('objcopy', '--only-keep-debug', workload(name), debug);
    await run('strip', '-o', program, workload(name));
    return { program, debug };
  }

  kernelTest('alone shows where it was, and says why', async () => {
    const { program } = await stripped('burn_in_1');
    const { stacks, stderr } = await recordedCommand(program, '300');
    expect(share(stacks, /^only_in_1$/)).toBe(0);
    expect(share(stacks, /^\[program\+0x[0-9a-f]+\]$/)).toBeGreaterThan(0.9);
    expect(stderr).toContain(`${program} (no symbols for it)`);
  });

  kernelTest('has the names of the debug file that its .gnu_debuglink says', async () => {
    const { program, debug } = await stripped('burn_in_2');
    await run('objcopy', `--add-gnu-debuglink=${debug}`, program);
    const { stacks } = await recordedCommand(program, '300');
    expect(share(stacks, /^only_in_2$/)).toBeGreaterThan(0.8);
  });

  kernelTest('has the names of the debug file of its build-id', async () => {
    const { program, debug } = await stripped('burn_in_3');
    const notes = await run('readelf', '-n', program);
    const buildId = /Build ID: ([0-9a-f]+)/.exec(notes)?.[1] ?? '';
    const place = `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
    const madeFolders = foldersToMake(dirname(place));
    mkdirSync(dirname(place), { recursive: true });
    try {
      copyFileSync(debug, place);
      const { stacks } = await recordedCommand(program, '300');
      expect(share(stacks, /^only_in_3$/)).toBeGreaterThan(0.8);
    } finally {
      rmSync(place);
      for (const folder of madeFolders) rmdirSync(folder);
    }
  });

  /** Of a path those that are not there yet, innermost first. */
  function foldersToMake(path: string): string[] {
    return existsSync(path) ? [] : [path, ...foldersToMake(dirname(path))];
  }
});

describe('code in memory', () => {
  kernelTest('a program without a file has its names', async () => {
    const { stacks } = await recordedCommand(workload('in_memory'), workload('burn_in_1'), '300');
    expect(share(stacks, /^only_in_1$/)).toBeGreaterThan(0.8);
    expect(share(stacks, /^main$/)).toBeGreaterThan(0.8);
  });

  kernelTest('generated code is marked, and its callers have names', async () => {
    const { stacks, stderr } = await recordedCommand(workload('generated'), '300');
    const inMade = stacks.filter(({ frames }) => /^\[jit\+0x/.test(frames.at(-1) ?? ''));
    expect(samples(inMade)).toBeGreaterThan(0.7 * samples(stacks));
    expect(samplesWith(inMade, 'main')).toBe(samples(inMade));
    expect(stderr).toContain('generated code without a perf map');
  });

  kernelTest('generated code where a library was is not named by it', async () => {
    const library = copyOfWorkload('plugin_1', join(freshFolder(), 'plugin.so'));
    const { stacks } = await recordedCommand(workload('generated'), '300', 'plain', library);
    expect(share(stacks, /^\[jit\+0x/)).toBeGreaterThan(0.7);
    expect(share(stacks, /in_plugin_1|^burn$|plugin\.so/)).toBe(0);
  });

  kernelTest('generated code has the name that it had when it ran', async () => {
    const { stacks } = await recordedCommand(workload('generated'), '400', 'again');
    const [before, after] = [samplesWith(stacks, 'made_up'), samplesWith(stacks, 'made_anew')];
    expect(before + after).toBeGreaterThan(0.9 * samples(stacks));
    expect(Math.abs((100 * before) / (before + after) - 50)).toBeLessThan(10);
  });
});

describe('JavaScript', () => {
  /** Makes a function after the other while it runs, hot_0, hot_1, ..., and stays when told so. */
  const FUNCTIONS = 6;
  const growing = () =>
    sourceFile(
      'growing.js',
      `function grow() {
        for (let n = 0; n < ${FUNCTIONS}; n++) {
          const used = () => process.cpuUsage().user / 1000;
          const hot = new Function('used', 'end', \`
            return (function hot_\${n}() {
              let x = 0;
              while (used() < end) for (let i = 0; i < 1e5; i++) x += i % 7;
              return x;
            })()\`);
          hot(used, used() + 120);
        }
        console.log('grown');
      }
      if (process.argv[2] === 'stay') process.stdin.once('data', grow);
      else grow();`,
    );
  const node = (script: string) => [
    find('node') ?? '',
    '--perf-basic-prof',
    // Else it writes a log where it is started.
    ...['--no-logfile-per-isolate', `--logfile=${script}.log`],
    script,
  ];

  function expectEveryFunction(stacks: readonly FoldedStack[]): void {
    for (let n = 0; n < FUNCTIONS; n++)
      expect({ n, share: share(stacks, new RegExp(`\\bhot_${n}\\b`)) > 0.05 }).toEqual({
        n,
        share: true,
      });
    expect(share(stacks, /\bhot_\d\b/)).toBeGreaterThan(0.6);
    // Whatever tier ran it, a function has one name.
    expect(share(stacks, /^[A-Z]\w+:[~^+*]/)).toBe(0);
    expect(share(stacks, /^\[(unknown|jit\+0x)/)).toBeLessThan(0.1);
  }

  optionalKernelTest('of Node, whose map grows, when it has ended', missing('node'), async () => {
    const { stacks } = await recordedCommand(...node(growing()));
    expectEveryFunction(stacks);
  });

  optionalKernelTest('of Node, while it runs on', missing('node'), async () => {
    await using process = new TestProcess([...node(growing()), 'stay']);
    const path = join(freshFolder(), 'out.folded');
    const args = ['-p', String(process.pid), '-F', String(RECORDED_HZ), '-o', path];
    await using waggle = await Waggle.record(args);
    process.writeLine('grow');
    await eventually('node to have grown', () => process.stdout.includes('grown'));
    await waggle.stop();
    expectEveryFunction(parseFolded(readFileSync(path, 'utf8')));
  });

  const hot = () =>
    sourceFile(
      'hot.js',
      `const used = () => process.cpuUsage().user / 1000;
       function hotLoop(end) { let x = 0; while (used() < end) for (let i = 0; i < 1e6; i++) x += i % 7; return x; }
       hotLoop(used() + 800);`,
    );
  /** Samples whose stack leads from the C library's start to a frame that fits. */
  const whole = (stacks: readonly FoldedStack[], fits: RegExp) =>
    samples(
      stacks,
      ({ frames }) =>
        frames.some((name) => fits.test(name)) && frames.some((name) => /libc_start/.test(name)),
    );

  kernelTest('of Bun, which writes no perf map, is marked as generated', async () => {
    const { stacks, stderr } = await recordedCommand(process.execPath, hot());
    const generated = share(stacks, /^\[jit\+0x/);
    expect(generated).toBeGreaterThan(0.5);
    expect(whole(stacks, /^\[jit\+0x/) / samples(stacks)).toBeGreaterThan(0.9 * generated);
    expect(stderr).toContain('generated code without a perf map');
    expect(stderr).toContain('BUN_JSC_useJITDump=1');
  });

  kernelTest('of Bun has its names from a jitdump', async () => {
    const script = hot();
    const settings = ['BUN_JSC_useJITDump=1', `BUN_JSC_jitDumpDirectory=${dirname(script)}`];
    const { stacks } = await recordedCommand('env', ...settings, process.execPath, script);
    const named = share(stacks, /\bhotLoop\b/);
    expect(named).toBeGreaterThan(0.5);
    expect(whole(stacks, /\bhotLoop\b/) / samples(stacks)).toBeGreaterThan(0.9 * named);
    expect(share(stacks, /^\[jit\+0x/)).toBeLessThan(0.1);
  });

  optionalKernelTest('of Node has its names from a jitdump', missing('node'), async () => {
    const script = hot();
    // It writes where it is started.
    const command = 'cd "$1" && exec "$2" --perf-prof "$3"';
    const { stacks } = await recordedCommand(
      ...['sh', '-c', command, 'sh', dirname(script), find('node') ?? '', script],
    );
    expect(share(stacks, /\bhotLoop\b/)).toBeGreaterThan(0.5);
    expect(share(stacks, /^\[(unknown|jit\+0x)/)).toBeLessThan(0.1);
  });
});
