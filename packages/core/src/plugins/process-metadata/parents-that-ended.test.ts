// A record says who the parent was when it was begun. On another CPU the parent can end, and a cycle with
// it, before that record is read: wherever batches and cycles end, the parent's name is in it.

import { expect, test } from 'bun:test';
import { execRecord, exitRecord, forkRecord, recordType } from '@waggle/bpf';
import { ProcessMetadataCache } from '@waggle/cache';
import { MemoryProcfs } from '@waggle/cache/testing';
import { EventBatch, EventContext, KnownCgroups, type ProcessEvent } from '@waggle/events';
import { processRecord as recordOf } from '@waggle/events/testing';
import { CacheFeed } from './cache-feed.ts';

const context = new EventContext(new KnownCgroups(() => false), 0n, 'boot');

const SHELL = { pid: 1, start: 0n, comm: 'init' };
/** A child has its parent's name until it runs a program. */
const PARENT = { pid: 50, start: 1_000_000_007n, comm: 'init' };
const TOOL = { ...PARENT, comm: 'parent' };
const CHILD = { pid: 51, start: 2_000_000_011n, comm: 'init' };
type Process = typeof SHELL;

let now = 3_000_000_000n;
const headerOf = (process: Process, parent: Process, execId = process === TOOL ? 4 : 3) => ({
  'header.time_ns': now++,
  'header.tgid': process.pid,
  'header.tid': process.pid,
  'header.start_boottime': process.start,
  'header.exec_id': execId,
  'header.parent_tgid': parent.pid,
  'header.parent_start_boottime': parent.start,
});

function forkOf(parent: Process, child: Process): Uint8Array {
  const fields = { child_tgid: child.pid, child_start_boottime: child.start };
  const header = headerOf(parent, SHELL);
  return recordOf(forkRecord, recordType.RECORD_FORK, { ...header, ...fields }, parent.comm);
}

function execOf(process: Process, parent: Process, comm: string): Uint8Array {
  const program = `/bin/${comm}`;
  const fields = { filename_length: program.length, argv_length: comm.length + 1 };
  const header = headerOf(process, parent, 4);
  const payload = `${program}${comm}\0`;
  return recordOf(execRecord, recordType.RECORD_EXEC, { ...header, ...fields }, comm, payload);
}

function exitOf(process: Process, parent: Process): Uint8Array {
  const header = headerOf(process, parent);
  return recordOf(exitRecord, recordType.RECORD_EXIT, header, process.comm);
}

/** The stream as one CPU's records come between another's: the child's record is begun before its parent's end. */
const streams = {
  'a parent that has only forked': () => [
    forkOf(SHELL, PARENT),
    forkOf(PARENT, CHILD),
    exitOf(PARENT, SHELL),
    execOf(CHILD, PARENT, 'tool'),
    exitOf(CHILD, SHELL),
  ],
  'a parent that ran a program': () => [
    forkOf(SHELL, PARENT),
    execOf(PARENT, SHELL, 'parent'),
    forkOf(TOOL, CHILD),
    exitOf(TOOL, SHELL),
    execOf(CHILD, PARENT, 'tool'),
    exitOf(CHILD, SHELL),
  ],
  'a child that ends without a program': () => [
    forkOf(SHELL, PARENT),
    forkOf(PARENT, CHILD),
    exitOf(PARENT, SHELL),
    exitOf(CHILD, PARENT),
  ],
  'a child that forks': () => [
    forkOf(SHELL, PARENT),
    forkOf(PARENT, CHILD),
    exitOf(PARENT, SHELL),
    recordOf(
      forkRecord,
      recordType.RECORD_FORK,
      { ...headerOf(CHILD, PARENT), child_tgid: 52, child_start_boottime: 9n },
      'init',
    ),
  ],
};

interface Way {
  readonly isMade: boolean;
  readonly asks: boolean;
}

/** @param cycles a bit for each place before a record: a cycle ends there */
function namesOfParents(records: readonly Uint8Array[], cycles: number, { isMade, asks }: Way) {
  const procfs = new MemoryProcfs();
  const cache = new ProcessMetadataCache({
    capacity: 100,
    procfs,
    beforeUse: () => feed.settle(),
  });
  const feed: CacheFeed = new CacheFeed(cache, procfs);
  cache.seed({ pid: 1, startBoottimeNs: 0n, execId: 3, comm: 'init', filename: '/init' });
  return records.map((bytes, place) => {
    if (cycles & (1 << place)) feed.cycle(Number.POSITIVE_INFINITY);
    const batch = new EventBatch();
    batch.context = context;
    const memory = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
    batch.add(memory.view.getUint16(0, true), memory, 0, bytes.length, { path: '/', version: 2 });
    if (isMade) feed.load(batch.at(0) as ProcessEvent);
    else feed.loadRecord(batch, 0);
    if (asks) cache.stats();
    const { event, ppid, parentComm } = batch.at(0) as Exclude<ProcessEvent, { event: 'lost' }>;
    return `${event} of a child of ${ppid} ${parentComm}`;
  });
}

for (const [title, stream] of Object.entries(streams))
  test(`${title} has a name, wherever cycles end`, () => {
    const records = stream();
    const name = title === 'a parent that ran a program' ? 'parent' : 'init';
    const ways = [false, true].flatMap((isMade) => [false, true].map((asks) => ({ isMade, asks })));
    for (const way of ways) {
      const inOne = namesOfParents(records, 0, way);
      expect(inOne.filter((line) => line.endsWith('null'))).toEqual([]);
      expect(inOne.filter((line) => line.endsWith(`50 ${name}`)).length).toBeGreaterThan(0);
      for (let cycles = 1; cycles < 1 << records.length; cycles++)
        expect(namesOfParents(records, cycles, way)).toEqual(inOne);
    }
  });
