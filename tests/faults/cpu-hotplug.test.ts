// CPUs that go offline and come online while something is recorded. Whatever happens, the last CPU is
// online again afterwards. Where no CPU can be taken offline there is nothing to try.

import { afterAll, expect } from 'bun:test';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { parseFolded, samplesWith } from '../support/folded.ts';
import { run } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workloadNamed } from '../support/workloads.ts';

const area = 'cpu-hotplug';
const CPU = cpus().length - 1;
const SWITCH = `/sys/devices/system/cpu/cpu${CPU}/online`;
const PROGRAM = 'hot_on_new_cpu';
/** Of that CPU's time. */
const BURN_MS = 800;
const FREQUENCY = 499;

afterAll(() => {
  if (canSwitch()) online(true);
});

function canSwitch(): boolean {
  try {
    accessSync(SWITCH, constants.W_OK);
    return CPU > 0;
  } catch {
    return false;
  }
}

function online(on: boolean): void {
  if ((readFileSync(SWITCH, 'utf8').trim() === '1') !== on) writeFileSync(SWITCH, on ? '1' : '0');
}

/** Two rounds of the profiler. */
const aMoment = () => Bun.sleep(600);

const burnOnIt = () =>
  run('taskset', '-c', String(CPU), workloadNamed('named_burn', PROGRAM), String(BURN_MS));

/** The recording while `during` happens; it holds the samples of what burns on that CPU. */
async function recorded(during: () => Promise<void>) {
  const folded = join(freshFolder(), 'all.folded');
  await using waggle = await Waggle.record(['-a', '-F', String(FREQUENCY), '-o', folded]);
  await during();
  const { code, stderr } = await waggle.stop();
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/error/) });
  const found = samplesWith(parseFolded(readFileSync(folded, 'utf8')), PROGRAM);
  return { found, stderr };
}

/** Most of them: the program runs for some time before the CPU is taken. */
const EXPECTED = 0.8 * (BURN_MS / 1000) * FREQUENCY;
const CAME = `CPU ${CPU} came online while recording`;

const times = [canSwitch() ? 1 : 0, canSwitch() ? 10 : 0] as const;

/** Records while the CPU comes; what burns on it afterwards is sampled, and that it came is said. */
async function expectSampled(come: () => Promise<void>): Promise<void> {
  try {
    const { found, stderr } = await recorded(async () => {
      await come();
      await aMoment();
      await burnOnIt();
    });
    expect(found).toBeGreaterThan(EXPECTED);
    expect(stderr).toContain(CAME);
  } finally {
    online(true);
  }
}

faultRow(
  { area, what: 'a CPU comes online while recording', holds: 'it is sampled, and said', times },
  () => {
    online(false);
    return expectSampled(async () => {
      await aMoment();
      online(true);
    });
  },
);

faultRow(
  {
    area,
    what: 'a CPU goes offline and is online again within milliseconds, several times',
    holds: 'it is sampled afterwards, and said',
    times,
  },
  () =>
    expectSampled(async () => {
      for (let turn = 0; turn < 3; turn++) {
        online(false);
        online(true);
        await Bun.sleep(turn * 100);
      }
    }),
);

faultRow(
  {
    area,
    what: 'a CPU goes offline while recording, and stays so to the end',
    holds: 'what ran on it before is there',
    times,
  },
  async () => {
    try {
      const { found, stderr } = await recorded(async () => {
        await burnOnIt();
        online(false);
        await aMoment();
      });
      expect(found).toBeGreaterThan(EXPECTED);
      expect(stderr).not.toContain(CAME);
    } finally {
      online(true);
    }
  },
);
