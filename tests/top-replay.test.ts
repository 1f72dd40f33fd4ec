// `waggle top --store`: what an agent kept, at moments that keys choose, in the views of `waggle top`.

import { describe, expect } from 'bun:test';
import { join } from 'node:path';
import { kernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Terminal } from './support/terminal.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const SECOND = 1000;

interface Recorded {
  readonly store: string;
  readonly mark: string;
  readonly burner: number;
  /** ms since 1970: before it burned, while it burned, when nobody looked, after it had ended. */
  readonly before: number;
  readonly burning: number;
  readonly gap: number;
  readonly after: number;
}

/** Two agents with a gap between them, and a process that burns in the first one's time. */
async function record(): Promise<Recorded> {
  const store = join(freshFolder(), 'store');
  const mark = `replayed${process.pid}`;
  const agent = async () => {
    const waggle = new Waggle(['agent', '--store', store, '-F', '199']);
    await waggle.says(/^waggle: ready/m);
    return waggle;
  };
  let [before, burning, burner] = [0, 0, 0];
  {
    await using waggle = await agent();
    await Bun.sleep(SECOND);
    before = Date.now();
    await Bun.sleep(SECOND);
    await using process = new TestProcess([workload('call_tree'), '600000', mark]);
    burner = process.pid;
    Bun.spawnSync([workload('exit_with'), '--id=9', mark]);
    await Bun.sleep(12 * SECOND);
    burning = Date.now();
    await Bun.sleep(SECOND);
    await waggle.stop('SIGTERM');
  }
  const gap = Date.now() + SECOND;
  await Bun.sleep(2 * SECOND);
  await using waggle = await agent();
  await Bun.sleep(2 * SECOND);
  const after = Date.now();
  await Bun.sleep(SECOND);
  await waggle.stop('SIGTERM');
  return { store, mark, burner, before, burning, gap, after };
}

const at = (ms: number): string => `@${(ms / 1000).toFixed(3)}`;

describe('top --store', () => {
  let recorded: Promise<Recorded> | undefined;
  const recording = () => (recorded ??= record());

  kernelTest('shows who ran at a moment, where their time went, and what failed', async () => {
    const { store, mark, burning, before } = await recording();
    using terminal = new Terminal({ columns: 160 });
    terminal.waggle(`top --reveal --store ${store} --at ${at(burning)}`);
    await terminal.shows(/REPLAY \d{4}-\d\d-\d\d \d\d:\d\d:\d\d stands/);
    terminal.bytes(`/${mark}`);
    terminal.keys('Enter');
    // Of one CPU, as far as a busy host gave it to it.
    await terminal.shows(new RegExp(` [1-9]\\d\\.\\d .*call_tree 600000 ${mark}`));
    terminal.keys('2');
    const flames = await terminal.shows(/sixty/);
    expect(flames).toContain('twenty_five');
    terminal.keys('4', 'x');
    await terminal.shows(new RegExp(`code 9 after .*${mark}`));
    terminal.keys('1', '@');
    await terminal.shows('time: ');
    terminal.bytes(at(before));
    terminal.keys('Enter');
    await terminal.shows('no process passes the filter');
    // It plays on until the process is there, and no longer than there is something.
    terminal.keys('*', 'Space');
    await terminal.shows('▶ 10x');
    await terminal.shows(new RegExp(`call_tree 600000 ${mark}`));
    await terminal.shows('that is the last that is kept: the replay stands');
    // When nobody looked: that it is gone is known, and not how.
    await terminal.shows(/· ended .*call_tree 600000/);
    terminal.keys('q');
    await terminal.shows('code=0');
  });

  kernelTest('steps in time, and says where nobody looked', async () => {
    const { store, mark, burning, gap } = await recording();
    using terminal = new Terminal({ columns: 160 });
    terminal.waggle(`top --reveal --store ${store} --at ${at(gap)}`);
    await terminal.shows(/REPLAY .* NOBODY LOOKED \(.+\) stands/);
    const clock = (ms: number) => new Date(ms).toTimeString().slice(0, 8);
    terminal.keys('Left');
    await terminal.shows(`${clock(gap - 10 * SECOND)} stands`);
    terminal.bytes(`/${mark}`);
    terminal.keys('Enter');
    await terminal.shows(/call_tree/);
    expect(terminal.screen()).not.toContain('NOBODY LOOKED');
    terminal.keys('Right');
    await terminal.shows(`${clock(gap)} NOBODY LOOKED`);
    terminal.keys('(');
    terminal.keys('@');
    terminal.bytes('@1000');
    terminal.keys('Enter');
    await terminal.shows('that is the first that is kept');
    terminal.keys('@');
    terminal.bytes('nonsense');
    terminal.keys('Enter');
    await terminal.shows('"nonsense" is no time');
    terminal.keys('@');
    terminal.bytes(at(burning));
    terminal.keys('Enter');
    await terminal.shows(`${clock(burning)} stands`);
    terminal.keys('C-c');
    await terminal.shows('code=0');
  });

  kernelTest('says a moment in words without a terminal, and what it cannot show', async () => {
    const { store, burner, burning, after } = await recording();
    const words = async (...args: string[]) =>
      Waggle.run(['top', '--screen-reader', '--store', store, ...args]);
    const there = await words('--at', at(burning));
    expect({ code: there.code, stderr: there.stderr }).toEqual({ code: 0, stderr: '' });
    expect(there.stdout).toMatch(
      new RegExp(`^\\d+\\.\\d percent: .*call_tree.*, process ${burner} of `, 'm'),
    );
    const later = await words('--at', at(after));
    expect(later.code).toBe(0);
    expect(later.stdout).not.toContain(`process ${burner} of`);
    const problems = [
      {
        args: ['top', '--store', `${store}/none`, '--screen-reader'],
        code: 1,
        says: 'no store in',
      },
      { args: ['top', '--store', store], code: 1, says: 'needs a terminal' },
      { args: ['top', '--store', store, '-p', '1'], code: 2, says: 'cannot be used with' },
      { args: ['top', '--store', store, '--', 'true'], code: 2, says: 'runs no command' },
      { args: ['top', '--at', '25:61'], code: 2, says: 'Give a time such as' },
    ];
    for (const { args, code, says } of problems) {
      const result = await Waggle.run(args);
      expect({ args, code: result.code, says: result.stderr.includes(says) }).toEqual({
        ...{ args, code, says: true },
      });
    }
  });
});
