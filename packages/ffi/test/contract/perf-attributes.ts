// struct perf_event_attr against the C compiler, and what perf_event_open refuses.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  CLOCK_BOOTTIME,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_COUNT_SW_DUMMY,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  SIDEBAND_SAMPLE_TYPE,
} from '../../src/index.ts';
import {
  encodePerfEventAttributes,
  PERF_ATTR_BYTES,
  PERF_ATTR_FLAG,
  PERF_ATTR_OFFSET,
} from '../../src/perf/attributes.ts';
import type { Case } from '../support/case.ts';
import { cProgramOf } from '../support/compile.ts';

/** The union's first member stands for its field; the flags word has no name in C. */
const OFFSET_NAMES = Object.keys(PERF_ATTR_OFFSET).filter((name) => name !== 'flags');

function layoutProgram(): string {
  const offsets = OFFSET_NAMES.map(
    (name) => `  printf("offset ${name} %zu\\n", offsetof(struct perf_event_attr, ${name}));`,
  );
  const flags = Object.keys(PERF_ATTR_FLAG).map(
    (name) => `  memset(&attr, 0, sizeof attr); attr.${name} = 1; show("${name}");`,
  );
  return `
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct perf_event_attr attr;

/* Which bit of which word the compiler chose. */
static void show(const char *name)
{
  const unsigned char *bytes = (const void *)&attr;
  for (unsigned bit = 0; bit < 8 * sizeof attr; bit++)
    if (bytes[bit / 8] & 1 << bit % 8)
      printf("flag %s %u\\n", name, bit);
}

int main(void)
{
${offsets.join('\n')}
${flags.join('\n')}
  printf("value size %d\\n", PERF_ATTR_SIZE_VER7);
  printf("value software %d\\n", PERF_TYPE_SOFTWARE);
  printf("value cpu_clock %d\\n", PERF_COUNT_SW_CPU_CLOCK);
  printf("value dummy %d\\n", PERF_COUNT_SW_DUMMY);
  printf("value boottime %d\\n", CLOCK_BOOTTIME);
  printf("value sideband %d\\n", PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU);
  printf("value head %zu\\n", offsetof(struct perf_event_mmap_page, data_head));
  printf("value tail %zu\\n", offsetof(struct perf_event_mmap_page, data_tail));
  return 0;
}
`;
}

const dummy = { type: PERF_TYPE_SOFTWARE, config: PERF_COUNT_SW_DUMMY, flags: [] } as const;

export const perfAttributeCases: readonly Case[] = [
  {
    name: 'perf attributes: offsets, bit positions and constants are those of the C header',
    run() {
      const { stdout, status } = spawnSync(cProgramOf('perf-layout', layoutProgram()), {
        encoding: 'utf8',
      });
      assert.equal(status, 0);
      const expected = [
        ...OFFSET_NAMES.map(
          (name) => `offset ${name} ${PERF_ATTR_OFFSET[name as keyof typeof PERF_ATTR_OFFSET]}`,
        ),
        ...Object.entries(PERF_ATTR_FLAG).map(
          ([name, bit]) => `flag ${name} ${8 * PERF_ATTR_OFFSET.flags + Number(bit)}`,
        ),
        `value size ${PERF_ATTR_BYTES}`,
        `value software ${PERF_TYPE_SOFTWARE}`,
        `value cpu_clock ${PERF_COUNT_SW_CPU_CLOCK}`,
        `value dummy ${PERF_COUNT_SW_DUMMY}`,
        `value boottime ${CLOCK_BOOTTIME}`,
        `value sideband ${SIDEBAND_SAMPLE_TYPE}`,
        'value head 1024',
        'value tail 1032',
      ];
      assert.deepEqual(stdout.trimEnd().split('\n'), expected);
    },
  },
  {
    name: 'perf attributes: an option sets its field and the flag that goes with it',
    run() {
      const bytes = encodePerfEventAttributes({
        ...dummy,
        frequencyHz: 99,
        sampleType: SIDEBAND_SAMPLE_TYPE,
        clockId: CLOCK_BOOTTIME,
        wakeupWatermark: 4096,
        flags: ['disabled', 'build_id'],
      });
      const view = new DataView(bytes.buffer);
      assert.equal(view.getUint32(4, true), 128);
      assert.equal(view.getBigUint64(16, true), 99n);
      assert.equal(view.getUint32(48, true), 4096);
      assert.equal(view.getInt32(92, true), 7);
      const flags = [0n, 10n, 14n, 25n, 34n].reduce((word, bit) => word | (1n << bit), 0n);
      assert.equal(view.getBigUint64(40, true), flags);
    },
  },
  {
    name: 'perf event: a process or CPU that does not exist is refused by name',
    needs: 'root',
    run(native) {
      const open = (pid: number, cpu: number) => () => PerfEvent.open(native, dummy, { pid, cpu });
      // Above the highest pid_max of 2^22.
      assert.throws(open(1 << 23, -1), { name: 'SystemError', code: 'ESRCH' });
      assert.throws(open(-1, 100_000), (error: { code?: string }) =>
        ['EINVAL', 'ENODEV'].includes(error.code ?? ''),
      );
      assert.throws(open(-1, -1), { code: 'EINVAL' });
      const unknownType = { ...dummy, type: PERF_TYPE_SOFTWARE, config: 9_999 };
      assert.throws(
        () => PerfEvent.open(native, unknownType, { pid: 0, cpu: -1 }),
        { code: 'ENOENT' },
        `${PERF_COUNT_SW_CPU_CLOCK} is known, 9999 is not`,
      );
    },
  },
];
