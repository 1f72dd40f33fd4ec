// Names are those of the very file that a process had mapped: not of what stands at its path, has its
// number or is written into it by the time names are looked up.

import { describe, expect } from 'bun:test';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { type FoldedStack, parseFolded, samples, samplesWith } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { run, TestProcess } from './support/processes.ts';
import { RECORDED_HZ, Recorded } from './support/recorded.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, type Workload, workload } from './support/workloads.ts';

/** Of CPU time: so many samples, less those in code without frame pointers and what others take. */
const BURN_MS = 300;
const ENOUGH = 0.5 * BURN_MS;

/** Everything that `work` starts: all children of this process. */
const recordedWhile = (work: (folder: string) => Promise<void>, unwind = 'fp') =>
  Recorded.during(['-p', String(process.pid), '--unwind', unwind], work);

/** A process that opens libraries when it is told to. */
class PluginHost extends TestProcess {
  #answers = 0;

  constructor() {
    super([workload('plugin_host')]);
  }

  async do(line: string): Promise<string> {
    this.writeLine(line);
    const answer = await eventually(`an answer to ${line}`, () => {
      const lines = this.stdout.split('\n').slice(0, -1);
      return lines[this.#answers];
    });
    this.#answers++;
    if (answer.startsWith('failed')) throw new Error(answer);
    return answer;
  }
}

/** Samples of a process under the name of another's function: `only_in_2` of the process only_in_1. */
function crossed(stacks: readonly FoldedStack[]): number {
  return samples(stacks, ({ frames: [process = '', ...frames] }) =>
    frames.some((name) => name.startsWith('only_in_') && name !== process),
  );
}

/** What of a program's samples has its name. */
function named(stacks: readonly FoldedStack[], process: string): number {
  return samples(stacks, ({ frames }) => frames[0] === process && frames.includes(process, 1));
}

describe('a library', () => {
  for (const unwind of ['fp', 'auto'])
    kernelTest(`that is written over while it is mapped loses its names (${unwind})`, async () => {
      const { stacks, stderr } = await recordedWhile(async (folder) => {
        const library = join(folder, 'plugin.so');
        copyFileSync(workload('plugin_1'), library);
        await using host = new PluginHost();
        await host.do(`open ${library}`);
        await host.do(`burn ${BURN_MS}`);
        copyFileSync(workload('plugin_2'), library);
      }, unwind);
      expect(samplesWith(stacks, 'in_plugin_2')).toBe(0);
      expect(samplesWith(stacks, 'in_plugin_1')).toBe(0);
      const without = samples(stacks, ({ frames }) =>
        frames.some((name) => /^\[plugin\.so\+0x[0-9a-f]+\]$/.test(name)),
      );
      expect(without).toBeGreaterThan(ENOUGH);
      expect(stderr).toMatch(/plugin\.so \(changed since it was mapped\)/);
    });

  kernelTest('written over before another process maps it has its new names there', async () => {
    const { stacks } = await recordedWhile(async (folder) => {
      const library = join(folder, 'plugin.so');
      copyFileSync(workload('plugin_1'), library);
      await using before = new PluginHost();
      await before.do(`open ${library}`);
      await before.do(`burn ${BURN_MS}`);
      copyFileSync(workload('plugin_2'), library);
      await using after = new PluginHost();
      await after.do(`open ${library}`);
      await after.do(`burn ${BURN_MS}`);
    });
    expect(samplesWith(stacks, 'in_plugin_1')).toBe(0);
    const after = samplesWith(stacks, 'in_plugin_2');
    expect(after).toBeGreaterThan(ENOUGH);
    expect(after).toBeLessThan(1.5 * BURN_MS);
  });

  kernelTest('written over at once, before it can be looked at, has no names', async () => {
    const { stacks } = await recordedWhile(async (folder) => {
      const library = join(folder, 'plugin.so');
      copyFileSync(workload('plugin_1'), library);
      await using host = new PluginHost();
      await host.do(`open ${library}`);
      await host.do('burn 1');
      copyFileSync(workload('plugin_2'), library);
    });
    expect(samplesWith(stacks, 'in_plugin_2')).toBe(0);
  });

  kernelTest('replaced by another at its path leaves the old one its names', async () => {
    const { stacks } = await recordedWhile(async (folder) => {
      const library = join(folder, 'plugin.so');
      copyFileSync(workload('plugin_1'), library);
      await using before = new PluginHost();
      await before.do(`open ${library}`);
      copyFileSync(workload('plugin_2'), `${library}.new`);
      renameSync(`${library}.new`, library);
      await before.do(`burn ${BURN_MS}`);
      await using after = new PluginHost();
      await after.do(`open ${library}`);
      await after.do(`burn ${BURN_MS}`);
    });
    for (const name of ['in_plugin_1', 'in_plugin_2']) {
      expect(samplesWith(stacks, name)).toBeGreaterThan(ENOUGH);
      expect(samplesWith(stacks, name)).toBeLessThan(1.5 * BURN_MS);
    }
  });

  kernelTest('opened where another one was before has its own names', async () => {
    const places: string[] = [];
    const { stacks } = await recordedWhile(async (folder) => {
      await using host = new PluginHost();
      const [one = '', two = ''] = (['plugin_1', 'plugin_2'] as const).map((plugin) =>
        copyOfWorkload(plugin, join(folder, `${plugin}.so`)),
      );
      for (const library of [one, two, one, two]) {
        places.push(await host.do(`open ${library}`));
        await host.do(`burn ${BURN_MS / 2}`);
        await host.do('close');
      }
    });
    expect(new Set(places).size).toBe(1);
    for (const name of ['in_plugin_1', 'in_plugin_2']) {
      expect(samplesWith(stacks, name)).toBeGreaterThan(ENOUGH);
      expect(samplesWith(stacks, name)).toBeLessThan(1.5 * BURN_MS);
    }
  });
});

const PROGRAMS = ['burn_in_1', 'burn_in_2', 'burn_in_3', 'burn_in_4', 'burn_in_5'] as const;
const functionOf = (program: Workload) => program.replace('burn', 'only');

describe('a program', () => {
  kernelTest('that is built anew at its path has the names of each build', async () => {
    const { stacks } = await recordedWhile(async (folder) => {
      const program = join(folder, 'a.out');
      for (const build of PROGRAMS) {
        copyOfWorkload(build, `${program}.new`);
        renameSync(`${program}.new`, program);
        await run(program, String(BURN_MS / 3));
      }
    });
    expect(crossed(stacks)).toBe(0);
    for (const build of PROGRAMS)
      expect(named(stacks, functionOf(build))).toBeGreaterThan(ENOUGH / 3);
  });

  kernelTest('of a moment, built anew at once, has its own names or none', async () => {
    let runs = 0;
    const { stacks } = await recordedWhile(async (folder) => {
      const program = join(folder, 'a.out');
      for (; runs < 60; runs++) {
        copyOfWorkload(PROGRAMS[runs % 5] ?? 'burn_in_1', `${program}.new`);
        renameSync(`${program}.new`, program);
        await run(program, '4');
      }
    });
    expect(crossed(stacks)).toBe(0);
    const all = samples(stacks, ({ frames }) => frames[0]?.startsWith('only_in_') === true);
    expect(all).toBeGreaterThan(0.7 * 4 * runs);
  });

  for (const [what, change] of [
    ['deleted', (path: string) => rmSync(path)],
    ['renamed', (path: string) => renameSync(path, `${path}.old`)],
    [
      'replaced',
      (path: string) => {
        copyOfWorkload('burn_in_2', `${path}.new`);
        renameSync(`${path}.new`, path);
      },
    ],
  ] as const)
    kernelTest(`that is ${what} while it runs keeps its names`, async () => {
      const { stacks } = await recordedWhile(async (folder) => {
        const program = copyOfWorkload('burn_in_1', join(folder, 'program'));
        await using process = new TestProcess([program, String(BURN_MS)]);
        await Bun.sleep(100);
        change(program);
        await process.ended();
      });
      expect(named(stacks, 'only_in_1')).toBeGreaterThan(ENOUGH);
      expect(samplesWith(stacks, 'only_in_2')).toBe(0);
    });
});

describe('a program that runs already', () => {
  kernelTest('and was replaced before the recording has its own names', async () => {
    const folder = freshFolder();
    const program = copyOfWorkload('burn_in_1', join(folder, 'program'));
    await using process = new TestProcess([program, '60000']);
    await eventually('its first function', () => commOf(process.pid) === 'only_in_1');
    copyOfWorkload('burn_in_2', `${program}.new`);
    renameSync(`${program}.new`, program);
    const out = join(folder, 'out.folded');
    const args = [
      'record',
      '-p',
      String(process.pid),
      '-F',
      String(RECORDED_HZ),
      '-d',
      '1',
      '-o',
      out,
    ];
    await Waggle.run(args);
    const stacks = parseFolded(readFileSync(out, 'utf8'));
    expect(crossed(stacks)).toBe(0);
    expect(named(stacks, 'only_in_1')).toBeGreaterThan(0.8 * samples(stacks));
  });

  const commOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
});

describe('in a mount namespace of its own', () => {
  /** In the namespace, DIRECTORY is a file system of its own with PROGRAM in it. */
  const INSIDE = 'mount -t tmpfs none "$1" && cp "$2" "$1/program" && exec "$1/program" "$3"';
  const inside = (directory: string, program: Workload, milliseconds: number) =>
    run(
      ...['unshare', '-m', 'sh', '-c', INSIDE, 'sh'],
      ...[directory, workload(program), String(milliseconds)],
    );

  kernelTest('a program whose path is another file here has its own names', async () => {
    const { stacks } = await recordedWhile(async (folder) => {
      const directory = join(folder, 'shared');
      mkdirSync(directory);
      copyOfWorkload('burn_in_1', join(directory, 'program'));
      await inside(directory, 'burn_in_2', BURN_MS);
    });
    expect(crossed(stacks)).toBe(0);
    expect(named(stacks, 'only_in_2')).toBeGreaterThan(ENOUGH);
  });

  kernelTest('a program whose path is absent here has its own names', async () => {
    const { stacks } = await recordedWhile(async (folder) => {
      await inside(folder, 'burn_in_2', BURN_MS);
    });
    expect(named(stacks, 'only_in_2')).toBeGreaterThan(ENOUGH);
  });

  kernelTest('a file of the same number on another file system is not taken for it', async () => {
    const { stacks } = await recordedWhile(async (folder) => {
      const directory = join(folder, 'twin');
      mkdirSync(directory);
      await run('mount', '-t', 'tmpfs', 'none', directory);
      try {
        // The first file of a fresh tmpfs: both get the same inode number.
        copyOfWorkload('burn_in_1', join(directory, 'program'));
        for (let round = 0; round < 20; round++) await inside(directory, 'burn_in_2', 4);
      } finally {
        // Lazily: the recording holds the program open.
        await run('umount', '-l', directory);
      }
    });
    expect(crossed(stacks)).toBe(0);
  });
});

describe('on an overlay over two file systems, whose files have devices of their own', () => {
  const missing = readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n')
    ? undefined
    : 'this kernel has no overlay file system';

  optionalKernelTest('programs of either layer have their names', missing, async () => {
    const { stacks } = await recordedWhile(async (folder) => {
      const [lower, upper, merged] = ['lower', 'upper', 'merged'].map((name) => join(folder, name));
      if (lower === undefined || upper === undefined || merged === undefined) return;
      for (const directory of [lower, upper, merged]) mkdirSync(directory);
      copyOfWorkload('burn_in_1', join(lower, 'first'));
      await run('mount', '-t', 'tmpfs', 'none', upper);
      try {
        for (const part of ['data', 'work']) mkdirSync(join(upper, part));
        const layers = `lowerdir=${lower},upperdir=${upper}/data,workdir=${upper}/work`;
        await run('mount', '-t', 'overlay', 'none', '-o', layers, merged);
        try {
          copyOfWorkload('burn_in_2', join(merged, 'second'));
          for (let round = 0; round < 10; round++)
            for (const program of ['first', 'second'])
              await run(join(merged, program), String(BURN_MS / 10));
        } finally {
          await run('umount', '-l', merged);
        }
      } finally {
        await run('umount', '-l', upper);
      }
    });
    expect(crossed(stacks)).toBe(0);
    for (const own of ['only_in_1', 'only_in_2'])
      expect(named(stacks, own)).toBeGreaterThan(ENOUGH);
  });
});
