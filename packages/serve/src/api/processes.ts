/** Who runs and who ran, with the CPU time of a span. */

import { stringifyJson } from '@waggle/text';
import { reply } from '../answers/reply.ts';
import type { ProcessRecord } from '../store/process-record.ts';
import { startOf } from '../store/processes.ts';
import type { Span } from '../store/span.ts';
import type { Api, Ask } from './api.ts';
import { limitOf, onlyKnown, scopeOf, spanOf } from './parameters.ts';
import { computed, keyOf } from './profiles.ts';

const USUAL = 2000;
const MOST = 50_000;
/** Reads of /proc for one answer: some 30 µs each. */
const DESCRIBED_AT_ONCE = 300;

export async function processes(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['from', 'to', 'pid', 'start', 'limit']);
  const span = spanOf(searchParams, api.store, ask.now);
  const scope = scopeOf(searchParams, api.store);
  const limit = limitOf(searchParams, USUAL, MOST);
  const key = `${keyOf('processes', span, searchParams)} ${limit}`;
  const body = await computed(api, key, () => {
    const samples = api.store.samples.perOwner(span);
    const all = api.store.processes
      .in(span)
      .filter(({ number }) => scope === undefined || scope.has(number));
    const shown = mostWanted(all, samples, limit);
    let asked = 0;
    for (const record of shown)
      if (!record.described && asked++ < DESCRIBED_AT_ONCE) api.store.processes.describe(record);
    return `${stringifyJson({
      span,
      leftOut: all.length - shown.length,
      processes: shown.map((record) => rowOf(api, record, samples.get(record.number) ?? 0, span)),
    })}\n`;
  });
  return reply(ask.request, body, { type: 'application/json' });
}

/** Those with samples, then those that run, then those that ended last. */
function mostWanted(
  all: readonly ProcessRecord[],
  samples: ReadonlyMap<number, number>,
  limit: number,
): ProcessRecord[] {
  if (all.length <= limit) return [...all];
  const byWorth = [...all].sort(
    (a, b) =>
      (samples.get(b.number) ?? 0) - (samples.get(a.number) ?? 0) ||
      (b.end?.at ?? Number.POSITIVE_INFINITY) - (a.end?.at ?? Number.POSITIVE_INFINITY) ||
      a.number - b.number,
  );
  return byWorth.slice(0, limit).sort((a, b) => a.number - b.number);
}

function rowOf({ store }: Api, record: ProcessRecord, samples: number, span: Span) {
  const { end } = record;
  return {
    id: record.number,
    parent: record.parent,
    pid: record.pid,
    startTime: startOf(record),
    ppid: record.ppid,
    comm: record.comm,
    argv: record.argv ?? null,
    uid: record.uid ?? null,
    containerId: record.containerId ?? null,
    kernelThread: record.kernelThread,
    bornAt: time(record.bornAt),
    endedAt: end === undefined || end.at > span.to ? null : time(end.at),
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    execs: record.execs,
    forgottenBelow: record.forgottenBelow,
    samples,
    cpuMs: Math.round((samples / store.frequencyHz) * 1000),
  };
}

const time = (at: number): string => new Date(at).toISOString();
