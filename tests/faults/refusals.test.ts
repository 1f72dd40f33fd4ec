// What the system may refuse: limits of each kind (setrlimit(2)), and system calls that a filter answers with
// EPERM (seccomp(2)). Either it works, or it ends at once with the reason in words, and no command is run.

import { afterAll, beforeAll, expect } from 'bun:test';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inPairs } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { Waggle, type WaggleResult } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'refusals';
const folder = freshFolder();
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => void (await Waggle.run(['--version'])), 60_000);

const COMMANDS = ['record', 'trace'] as const;
let files = 0;

/** What a run of a command, which leaves its mark where it is run, came to. */
async function worksOrIsRefused(
  what: string,
  command: (typeof COMMANDS)[number],
  prefix: readonly string[],
): Promise<{ readonly hasRun: boolean; readonly stderr: string }> {
  const own = join(folder, String(files++));
  const [mark, out] = [`${own}.ran`, `${own}.folded`];
  const options = command === 'record' ? ['-o', out] : [];
  const result = await Waggle.run([command, ...options, '--', 'touch', mark], { prefix });
  const hasRun = existsSync(mark);
  expectWorkedOrRefused(what, hasRun, result);
  for (const left of [mark, out]) rmSync(left, { force: true });
  return { hasRun, stderr: result.stderr };
}

/** With the command's end where it was run, and otherwise with one reason. */
function expectWorkedOrRefused(
  what: string,
  hasRun: boolean,
  { code, stderr }: WaggleResult,
): void {
  expect({ what, code, hasRun, stderr }).toEqual({
    what,
    code: hasRun ? 0 : 1,
    hasRun,
    stderr: expect.stringMatching(hasRun ? /^waggle: (recording|ready)/ : /^waggle: \S/),
  });
  expect(stderr).not.toMatch(/internal error|^ {4}at /m);
}

/** Above what the runtime itself ends at, before anything of ours runs. */
const LIMITS = [
  'core=0',
  'cpu=5',
  'data=400000000',
  'fsize=1000000',
  'locks=0',
  'memlock=0',
  'msgqueue=0',
  'nice=0',
  'nofile=24',
  'nproc=1',
  'rss=0',
  'rtprio=0',
  'sigpending=0',
  'stack=1000000',
  'stack=unlimited',
  'as=1000000000',
];

faultRow(
  {
    area,
    what: `record and trace under each of ${LIMITS.length} limits of a process`,
    holds: 'they work, or exit 1 with the reason, and then the command is not run',
    times: [1, 3],
  },
  async () => {
    const cases = LIMITS.flatMap((limit) => COMMANDS.map((command) => ({ limit, command })));
    await inPairs(cases, async ({ limit, command }) => {
      await worksOrIsRefused(limit, command, ['prlimit', `--${limit}`]);
    });
  },
);

/** System calls, by their numbers on x86-64 and AArch64: include/uapi/asm-generic/unistd.h. */
const CALLS: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  bpf: [321, 280],
  perf_event_open: [298, 241],
  memfd_create: [319, 279],
  io_uring_setup: [425, 425],
  process_vm_readv: [310, 270],
  pidfd_open: [434, 434],
  openat2: [437, 437],
  statx: [332, 291],
  close_range: [436, 436],
  ptrace: [101, 117],
  inotify_init1: [294, 26],
  membarrier: [324, 283],
  sched_getaffinity: [204, 123],
  mlock: [149, 228],
  timerfd_create: [283, 85],
  readlinkat: [267, 78],
  sendfile: [40, 71],
  copy_file_range: [326, 285],
  flock: [73, 32],
  kcmp: [312, 272],
  prctl: [157, 167],
  ioctl: [16, 29],
  socketpair: [53, 199],
  kill: [62, 129],
  tgkill: [234, 131],
  sysinfo: [99, 179],
  uname: [63, 160],
  setpriority: [141, 140],
  madvise: [28, 233],
  setsid: [112, 157],
};
/** Without them it does not work. */
const NEEDED = new Set(['bpf', 'perf_event_open', 'memfd_create', 'ioctl']);

faultRow(
  {
    area,
    what: `record and trace under a filter that refuses one of ${Object.keys(CALLS).length} system calls`,
    holds:
      'they work, or exit 1, say what was refused and that there is a filter; then the command is not run',
    times: [1, 3],
  },
  async () => {
    const cases = Object.entries(CALLS).flatMap((call) =>
      COMMANDS.map((command) => ({ call, command })),
    );
    await inPairs(cases, async ({ call: [name, numbers], command }) => {
      const number = numbers[process.arch === 'arm64' ? 1 : 0];
      const prefix = [workload('refuses'), String(number)];
      const { hasRun, stderr } = await worksOrIsRefused(name, command, prefix);
      if (hasRun) return;
      expect([...NEEDED]).toContain(name);
      expect(stderr).toContain('a seccomp filter');
    });
  },
);
