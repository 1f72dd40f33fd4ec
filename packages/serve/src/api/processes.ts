/** Who runs and who ran, with the CPU time of a span. */

import { stringifyJson } from '@waggle/text';
import { reply } from '../answers/reply.ts';
import type { ShownProcess } from '../store/kept-host.ts';
import type { Span } from '../store/span.ts';
import { turns } from '../turns.ts';
import type { Api, Ask } from './api.ts';
import { computed, keyOf } from './computed.ts';
import { limitOf, onlyKnown, scopeOf, spanOf } from './parameters.ts';

const USUAL = 2000;
const MOST = 50_000;

export async function processes(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['from', 'to', 'pid', 'start', 'limit']);
  const span = spanOf(searchParams, api.store, ask.now);
  const scope = scopeOf(searchParams, api.store, span);
  const limit = limitOf(searchParams, USUAL, MOST);
  const key = `${keyOf('processes', span, searchParams)} ${limit}`;
  const body = await computed(api, key, async () => {
    const { leftOut, shown } = await api.store.processesIn(span, scope, limit);
    const { frequencyHz } = api.store;
    const pause = turns();
    const rows: string[] = [];
    for (const each of shown) {
      rows.push(stringifyJson(rowOf(each, span, frequencyHz)));
      await pause();
    }
    // A line for each, so that the page can read it in parts.
    return `${stringifyJson({ span, leftOut }).slice(0, -1)},"processes":[\n${rows.join(',\n')}\n]}\n`;
  });
  return reply(ask.request, body, { type: 'application/json' });
}

function rowOf(process: ShownProcess, span: Span, frequencyHz: number) {
  const { end, samples } = process;
  return {
    id: process.number,
    parent: process.parent,
    pid: process.pid,
    startTime: process.startTime,
    ppid: process.ppid,
    comm: process.comm,
    argv: process.argv ?? null,
    uid: process.uid ?? null,
    containerId: process.containerId ?? null,
    kernelThread: process.kernelThread,
    bornAt: time(process.bornAt),
    endedAt: end === undefined || end.at > span.to ? null : time(end.at),
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    execs: process.execs,
    forgottenBelow: process.forgottenBelow,
    samples,
    cpuMs: Math.round((samples / frequencyHz) * 1000),
  };
}

const time = (at: number): string => new Date(at).toISOString();
