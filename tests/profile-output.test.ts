// Profiles on their way to a sink: cycle by cycle, each with the processes that ended in it.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { BadOption, createAgent, type FrameCount, profileOutput } from '@waggle/core';
import { kernelTest } from './support/kernel-test.ts';
import { workload } from './support/workloads.ts';

describe('a sink', () => {
  kernelTest('gets every cycle, whose processes are known though they have ended', async () => {
    const cycles: number[] = [];
    const unknown: FrameCount[] = [];
    const commands = new Set<string>();
    let sampled = 0;
    let finished = 0;
    const sink = profileOutput({
      everyMs: 200,
      sink: {
        writeStacks(stacks, { processMetadata }) {
          cycles.push(stacks.length);
          for (const stack of stacks) {
            const { pid = 0, comm = '' } = stack.frames[0] ?? {};
            commands.add(comm);
            sampled += stack.count;
            // Before its exec a child runs its parent's program; while it execs, it has the new
            // name and still the old image, so the process is looked up, not the image.
            if (comm !== 'exit_with') continue;
            const { startBoottimeNs } = stack.identity;
            const known = processMetadata.getByIdentity({ pid, startBoottimeNs });
            if (known?.comm !== comm) unknown.push(stack);
          }
        },
        finish() {
          finished++;
        },
      },
    });
    const agent = await createAgent({
      profile: { frequencyHz: 999 },
      command: [workload('storm'), '3000', '0', workload('exit_with')],
      plugins: [sink],
    });
    await agent.finished;
    expect(cycles.length).toBeGreaterThan(1);
    expect(sampled).toBeGreaterThan(10);
    expect(commands).toContain('exit_with');
    expect(unknown).toEqual([]);
    expect(finished).toBe(1);
  });

  kernelTest('that fails is told about, and finished all the same', async () => {
    const problems: string[] = [];
    let finished = 0;
    const agent = await createAgent({
      profile: {},
      command: [workload('storm'), '20', '0', workload('exit_with')],
      onPluginProblem: ({ message }) => problems.push(message),
      plugins: [
        profileOutput({
          name: 'full-disk',
          sink: {
            writeProfile: () => Promise.reject(new Error('no space left')),
            finish: () => {
              finished++;
            },
          },
        }),
      ],
    });
    const { exitCode } = await agent.finished;
    expect(exitCode).toBe(0);
    expect(problems.join()).toContain('no space left');
    expect(finished).toBe(1);
  });

  kernelTest('cannot have cycles of no length', () => {
    expect(() => profileOutput({ everyMs: 0, sink: {} })).toThrow(BadOption);
  });
});
