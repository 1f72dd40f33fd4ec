// The container of every event, on hosts with v1, v2 and both: of processes that are gone before
// anybody could look into /proc, and in cgroups that are gone as well.

import { describe, expect } from 'bun:test';
import { cgroupMount, firstCgroupMount, newCgroup, type TestCgroup } from './support/cgroups.ts';
import { isExec, isExit, type TraceEvent } from './support/events.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

const idOf = (digit: string) => digit.repeat(64);
const program = workload('exit_with');

/** Container ids by event, of the processes whose last argument is `mark`. */
function containersOf(events: readonly TraceEvent[], mark: string) {
  const ids = (fits: (event: TraceEvent) => boolean) => [
    ...new Set(
      events
        .filter((event) => 'filename' in event && event.filename === program && fits(event))
        .filter((event) => 'argv' in event && event.argv?.at(-1) === mark)
        .map((event) => ('containerId' in event ? event.containerId : undefined)),
    ),
  ];
  return { exec: ids(isExec), exit: ids(isExit) };
}

const hierarchies = [
  { name: 'v2', mount: cgroupMount('v2') },
  { name: 'a controller of v1', mount: firstCgroupMount('memory', 'pids', 'cpu') },
  { name: 'another controller of v1', mount: firstCgroupMount('freezer', 'blkio', 'perf_event') },
  { name: 'a named hierarchy of v1', mount: cgroupMount('name=systemd') },
];

describe.each(hierarchies)('containers in $name', ({ name, mount }) => {
  const missing = mount === undefined ? `${name} is not mounted` : undefined;
  const top = `waggle-containers-${process.pid}`;
  const container = (digit: string, ...below: string[]) =>
    newCgroup(mount ?? '', top, `docker-${idOf(digit)}.scope`, ...below);

  optionalKernelTest('short processes have theirs, at exec and exit', missing, async () => {
    await using one = container('1');
    await using two = container('2');
    await using waggle = await Waggle.trace();
    // In turns, so that an answer for the last one would be another's.
    for (let round = 0; round < 10; round++) {
      await one.run(program, '--id=0', 'in-one');
      await two.run(program, '--id=0', 'in-two');
      await run(program, '--id=0', 'outside');
    }
    const { events } = await waggle.stop();
    expect(containersOf(events, 'in-one')).toEqual({ exec: [idOf('1')], exit: [idOf('1')] });
    expect(containersOf(events, 'in-two')).toEqual({ exec: [idOf('2')], exit: [idOf('2')] });
    expect(containersOf(events, 'outside')).toEqual({ exec: [null], exit: [null] });
  });

  optionalKernelTest('failed execs have theirs', missing, async () => {
    await using one = container('3');
    await using waggle = await Waggle.trace(['--events', 'exec,exit,failed-exec']);
    await one.run('sh', '-c', `${program} --id=0 child; ./missing-program; exec ${program} --id=0`);
    const { stdout } = await waggle.stop();
    const inside = stdout
      .split('\n')
      .filter((line) => line.includes(`"containerId":"${idOf('3')}"`));
    const kinds = inside.map((line) => JSON.parse(line).event);
    expect([...new Set(kinds)].sort()).toEqual(['exec', 'exit', 'failed-exec']);
  });

  optionalKernelTest('the innermost container counts, and a deleted one too', missing, async () => {
    await using waggle = await Waggle.trace();
    const inner: TestCgroup = container('4', 'docker', idOf('5'));
    const below = container('4', 'system.slice', 'x.service');
    await inner.run(program, '--id=0', 'inner');
    await below.run(program, '--id=0', 'below');
    await inner[Symbol.asyncDispose]();
    await below[Symbol.asyncDispose]();
    const { events } = await waggle.stop();
    expect(containersOf(events, 'inner')).toEqual({ exec: [idOf('5')], exit: [idOf('5')] });
    expect(containersOf(events, 'below')).toEqual({ exec: [idOf('4')], exit: [idOf('4')] });
  });
});
