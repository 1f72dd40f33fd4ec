// A fleet before a collector: so many hosts, made of one recorded stream, send what their agents would.
//
//   waggle trace --json > recording.jsonl        for a minute or more, on a host like those of the fleet
//   bun packages/otlp/bench/fleet.ts recording.jsonl URL [HOSTS] [SECONDS] [RECORDS_PER_HOST_AND_SECOND | fast]
//
// With a rate it keeps real time and says how far it fell behind; with `fast` each host sends five seconds at a time,
// as fast as it is taken.

import { gzipSync } from 'node:zlib';
import { LogBatch } from '../src/records/log-batch.ts';
import { logsRequest, type Sender, senderOf } from '../src/schema/requests.ts';
import { RecordedHost, Recording } from './recorded-hosts.ts';

const [path = '', url = '', hostCount = '1000', seconds = '30', rate = '20'] =
  process.argv.slice(2);
const isFast = rate === 'fast';
const recording = new Recording(path);
const pace = isFast ? 1 : Number(rate) / recording.rate;
const hosts = Array.from({ length: Number(hostCount) }, (_, index) => {
  const host = new RecordedHost(`host-${String(index).padStart(5, '0')}`, recording, pace);
  const resource = {
    'service.name': 'waggle',
    'service.version': '0.1.0',
    'host.name': host.name,
    'host.id': host.bootId,
    'os.type': 'linux',
    'waggle.boot.id': host.bootId,
  };
  return { host, sender: senderOf(resource, '0.1.0'), batch: new LogBatch() };
});

const counts = { records: 0, requests: 0, refused: 0, bytes: 0, sent: 0 };
const BATCH_MS = isFast ? 5000 : 1000;
const AT_ONCE = 8;
const BATCH_BYTES = 512 * 1024;

async function send({ host, sender, batch }: (typeof hosts)[number]): Promise<void> {
  for (const record of host.next(BATCH_MS, Date.now())) {
    batch.add(record);
    // As the exporter does: a request of half a megabyte goes at once.
    if (batch.length < BATCH_BYTES) continue;
    await post(sender, batch);
  }
  if (batch.count > 0) await post(sender, batch);
}

async function post(sender: Sender, batch: LogBatch): Promise<void> {
  const { count } = batch;
  const request = logsRequest(sender, batch.take());
  const body = gzipSync(request, { level: 4 });
  counts.bytes += request.length;
  counts.sent += body.length;
  for (;;) {
    const response = await fetch(`${url}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
      body,
    });
    const answer = await response.text();
    if (response.ok) break;
    if (response.status !== 429 && response.status < 500)
      throw new Error(`${response.status} ${answer}`);
    counts.refused++;
    await Bun.sleep(200);
  }
  counts.requests++;
  counts.records += count;
}

/** All hosts once, some at a time. */
async function round(until: number): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < hosts.length && performance.now() < until) {
        const host = hosts[next++];
        if (host !== undefined) await send(host);
      }
    }),
  );
}

const began = performance.now();
const end = began + Number(seconds) * 1000;
const cpuBefore = process.cpuUsage();
let behind = 0;
for (let at = began; performance.now() < end; at += BATCH_MS) {
  await round(end);
  if (isFast) continue;
  behind = Math.max(behind, performance.now() - at - BATCH_MS);
  await Bun.sleep(Math.max(0, at + BATCH_MS - performance.now()));
}
const took = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
const perRecord = (value: number): string => (value / counts.records).toFixed(1);
console.log(
  [
    `${hosts.length} hosts, ${recording.events.length} recorded events, ${took.toFixed(1)} s`,
    `${counts.records} records in ${counts.requests} requests: ${Math.round(counts.records / took)} a second`,
    `${perRecord(counts.bytes)} bytes a record, ${perRecord(counts.sent)} compressed`,
    `${perRecord(user + system)} µs of this generator's CPU a record`,
    `${counts.refused} times refused for a while; ${(behind / 1000).toFixed(1)} s behind at most`,
  ].join('\n'),
);
