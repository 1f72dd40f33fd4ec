// Programs attached to places that are chosen when it runs: told apart by their cookies.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import {
  type BpfObject,
  BpfObjectFile,
  type Native,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
} from '../../src/index.ts';
import { type Case, u32, viewOf } from '../support/case.ts';
import { bpfObject, cProgramOf } from '../support/compile.ts';

const COUNTER = { samples: 1n, entries: 2n, returns: 3n, switches: 4n } as const;
const PERF_COUNT_SW_PAGE_FAULTS = 2;

/** Calls `twice` two times as often as `once`, and prints where both are in its file. */
const PROGRAM = `
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) void once(void) { __asm__ volatile(""); }
__attribute__((noinline)) void twice(void) { __asm__ volatile(""); }

static int place(struct dl_phdr_info *info, size_t size, void *unused)
{
  (void)size;
  (void)unused;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    uintptr_t at = info->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD && (uintptr_t)once - at < part->p_filesz)
      printf("%lu %lu\\n", (uintptr_t)once - at + part->p_offset, (uintptr_t)twice - at + part->p_offset);
  }
  return 1;
}

int main(int argc, char **argv)
{
  (void)argc;
  dl_iterate_phdr(place, NULL);
  for (int i = atoi(argv[1]); i > 0; i--) {
    once();
    twice();
    twice();
  }
  return 0;
}
`;

function run(times: number): { path: string; once: number; twice: number } {
  const path = cProgramOf('probed', PROGRAM);
  const { stdout, status } = spawnSync(path, [String(times)], { encoding: 'utf8' });
  assert.equal(status, 0);
  const [once = 0, twice = 0] = stdout.split(/\s/).map(Number);
  assert.ok(once > 0 && once < statSync(path).size);
  return { path, once, twice };
}

function load(native: Native, program: string): BpfObject {
  using file = BpfObjectFile.open(native, bpfObject('attach'));
  file.selectPrograms(new Set([program]));
  return file.load();
}

function counter(object: BpfObject, name: keyof typeof COUNTER): number {
  const key = u32(Number(COUNTER[name]));
  return Number(viewOf(object.map('counters').get(key)).getBigUint64(0, true));
}

export const probeCases: readonly Case[] = [
  {
    name: 'probes: several places of a file by one link, each with its cookie',
    needs: 'root',
    run(native) {
      const { path, once, twice } = run(0);
      using object = load(native, 'count_entries');
      using link = object.program('count_entries').attachUprobes(path, [
        { offset: once, cookie: COUNTER.entries },
        { offset: twice, cookie: COUNTER.returns },
      ]);
      run(1000);
      assert.equal(counter(object, 'entries'), 1000);
      assert.equal(counter(object, 'returns'), 2000);
      link.close();
      run(10);
      assert.equal(counter(object, 'entries'), 1000);
    },
  },
  {
    name: 'probes: where functions return',
    needs: 'root',
    run(native) {
      const { path, twice } = run(0);
      using object = load(native, 'count_returns');
      const places = [{ offset: twice, cookie: COUNTER.returns }];
      using _link = object.program('count_returns').attachUprobes(path, places, true);
      run(500);
      assert.equal(counter(object, 'returns'), 1000);
    },
  },
  {
    name: 'probes: one place, as older kernels have it',
    needs: 'root',
    run(native) {
      const { path, once } = run(0);
      using object = load(native, 'count_entry');
      const place = { offset: once, cookie: COUNTER.entries };
      using _link = object.program('count_entry').attachUprobe(path, place);
      run(100);
      assert.equal(counter(object, 'entries'), 100);
    },
  },
  {
    name: 'probes: a file that is not there is refused by name, and an offset outside of code',
    needs: 'root',
    run(native) {
      const { path } = run(0);
      using object = load(native, 'count_entries');
      const program = object.program('count_entries');
      const attach = (file: string, offset: number) => () =>
        program.attachUprobes(file, [{ offset, cookie: COUNTER.entries }]);
      assert.throws(attach('/no/such/file', 16), { name: 'SystemError', code: 'ENOENT' });
      assert.throws(attach(path, 1 << 30), { name: 'SystemError' });
    },
  },
  {
    name: 'probes: a tracepoint by its name, with a cookie; none of an unknown name',
    needs: 'root',
    run(native) {
      using object = load(native, 'count_switch');
      const program = object.program('count_switch');
      using _link = program.attachRawTracepoint('sched_switch', COUNTER.switches);
      run(1);
      assert.ok(counter(object, 'switches') > 0);
      assert.throws(() => program.attachRawTracepoint('no_such_tracepoint'), {
        name: 'SystemError',
      });
    },
  },
  {
    name: 'perf event: one run of the program for each of what is counted, with a period of 1',
    needs: 'root',
    run(native) {
      using file = BpfObjectFile.open(native, bpfObject('attach'));
      file.selectPrograms(new Set(['count_sample']));
      file.setConstant('.rodata', 0, u32(process.pid));
      using object = file.load();
      const event = PerfEvent.open(
        native,
        {
          type: PERF_TYPE_SOFTWARE,
          config: PERF_COUNT_SW_PAGE_FAULTS,
          period: 1,
          flags: ['disabled'],
        },
        { pid: 0, cpu: -1 },
      );
      using _link = object.program('count_sample').attachPerfEvent(event, COUNTER.samples);
      const before = process.resourceUsage().minorPageFault;
      const pages = new Uint8Array(64 * 1024 * 1024);
      for (let at = 0; at < pages.length; at += 4096) pages[at] = 1;
      const faults = process.resourceUsage().minorPageFault - before;
      event.disable();
      // Of this thread alone, where rusage has the process's.
      assert.ok(counter(object, 'samples') > 0);
      assert.ok(counter(object, 'samples') <= faults + 64, `of ${faults} faults`);
    },
  },
];
