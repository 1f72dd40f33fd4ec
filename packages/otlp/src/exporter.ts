/** Sends what happens on a host to a receiver of OTLP: what it is given goes to the spool at once or within a second. */

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ProcessEvent } from '@waggle/core';
import { encodeOtlp, type Profile } from '@waggle/formats';
import { LogBatch } from './records/log-batch.ts';
import {
  type ContainerAttributes,
  isLogged,
  logRecordOf,
  lossRecord,
} from './records/log-record.ts';
import { encodeMetrics, type PlainMetric } from './records/metrics.ts';
import { fleetProfile, profileResource } from './records/profile.ts';
import type { Attributes } from './schema/attributes.ts';
import { logsRequest, metricsRequest, type Sender, senderOf } from './schema/requests.ts';
import { HttpTransport } from './send/http-transport.ts';
import { SignalSender } from './send/sender.ts';
import type { OtlpTarget } from './send/target.ts';
import type { Transport } from './send/transport.ts';
import { SIGNALS, type Signal } from './signal.ts';
import { Spool } from './spool/spool.ts';

export interface OtlpExporterOptions {
  readonly target: OtlpTarget;
  /** Where what is to be sent waits: mode 0700. */
  readonly spool: string;
  /** Of the spool. Default 256 MiB. */
  readonly maxSpoolBytes?: number | undefined;
  /** Default: all three. */
  readonly signals?: readonly Signal[] | undefined;
  /** Of the host, by `hostResource`, and what an administrator has given. */
  readonly resource: Attributes;
  /** Of waggle. */
  readonly version: string;
  /** Attributes of an event's container: `KubernetesFiles` has them on a node. */
  readonly container?: ContainerAttributes | undefined;
  /** Something that an administrator should know, once until it is over. Holds no secrets. */
  readonly onProblem: (message: string) => void;
  /** How long events are put together: what a kill loses at most. Default 1000 ms. */
  readonly batchMs?: number | undefined;
  /** The wait after the first failure: doubled each time, up to a minute. Default 1000 ms. */
  readonly firstDelayMs?: number | undefined;
}

/** Of one signal, in its items: records, metrics, profiles. */
export interface SignalCounts {
  readonly sent: number;
  /** Wait in the spool. */
  readonly waiting: number;
  /** There was no room for them. */
  readonly lost: number;
  /** The receiver did not want them. */
  readonly refused: number;
  /** Attempts that failed. */
  readonly retries: number;
}

const DEFAULT_SPOOL_BYTES = 256 << 20;
const BATCH_MS = 1000;
/** A request of that size goes before its time: receivers take 4 MiB as a rule. */
const BATCH_BYTES = 512 * 1024;
const GZIP = { level: 4 };

export class OtlpExporter {
  readonly #options: OtlpExporterOptions;
  readonly #spool: Spool;
  readonly #senders: Readonly<Record<Signal, SignalSender>>;
  readonly #sender: Sender;
  readonly #batch = new LogBatch();
  readonly #startNs = BigInt(Date.now()) * 1_000_000n;
  readonly #timer: ReturnType<typeof setInterval>;
  #signals: ReadonlySet<Signal>;
  #target: OtlpTarget;
  #transport: Promise<Transport> | undefined;
  readonly #toldLost = { logs: 0, metrics: 0, profiles: 0 };

  /** @throws SpoolError */
  constructor(options: OtlpExporterOptions) {
    const { target, spool, maxSpoolBytes = DEFAULT_SPOOL_BYTES, signals = SIGNALS } = options;
    const { onProblem, resource, version, firstDelayMs, batchMs = BATCH_MS } = options;
    this.#options = options;
    this.#target = target;
    this.#signals = new Set(signals);
    this.#sender = senderOf(resource, version);
    this.#spool = new Spool({ directory: spool, maxBytes: maxSpoolBytes, onProblem });
    const senderFor = (signal: Signal) =>
      new SignalSender({
        ...{ spool: this.#spool, signal, firstDelayMs, transport: () => this.#connected() },
        onProblem: (message) => onProblem(`${this.#target.shown}: ${message}`),
      });
    this.#senders = {
      logs: senderFor('logs'),
      metrics: senderFor('metrics'),
      profiles: senderFor('profiles'),
    };
    this.#timer = setInterval(() => this.flush(), batchMs);
    for (const signal of SIGNALS) this.#senders[signal].wake();
  }

  /** Executions, ends, failed executions and losses become log records. */
  addEvents(events: readonly ProcessEvent[]): void {
    if (!this.#signals.has('logs')) return;
    const { container = () => undefined } = this.#options;
    for (const event of events) if (isLogged(event)) this.#log(logRecordOf(event, container));
  }

  addMetrics(metrics: readonly PlainMetric[]): void {
    if (!this.#signals.has('metrics') || metrics.length === 0) return;
    const timeUnixNano = BigInt(Date.now()) * 1_000_000n;
    const encoded = encodeMetrics(metrics, { startTimeUnixNano: this.#startNs, timeUnixNano });
    this.#put('metrics', metrics.length, metricsRequest(this.#sender, encoded));
  }

  /** @param profile the first frame of each stack is `PID:START` of its process, as `ownerFrames` has it */
  addProfile(profile: Profile): void {
    if (!this.#signals.has('profiles') || profile.stacks.length === 0) return;
    const resource = profileResource(this.#options.resource);
    this.#put('profiles', 1, encodeOtlp(fleetProfile(profile), { resource }));
  }

  /** Another receiver or other secrets, from now on: for what waits as well. */
  setTarget(target: OtlpTarget): void {
    this.#target = target;
    void this.#transport?.then(
      (transport) => transport.close(),
      () => {},
    );
    this.#transport = undefined;
    for (const signal of SIGNALS) this.#senders[signal].retryNow();
  }

  setSignals(signals: readonly Signal[]): void {
    this.#signals = new Set(signals);
  }

  setMaxSpoolBytes(bytes: number): void {
    this.#spool.setMaxBytes(bytes);
  }

  counts(signal: Signal): SignalCounts {
    const waiting = this.#spool.waiting(signal) + (signal === 'logs' ? this.#batch.count : 0);
    return { ...this.#senders[signal].counts, waiting, lost: this.#spool.lost(signal) };
  }

  get spoolBytes(): number {
    return this.#spool.bytes;
  }

  /** What has come goes to the spool, and from there on its way. */
  flush(): void {
    this.#tellLosses();
    const { count } = this.#batch;
    if (count > 0) this.#put('logs', count, logsRequest(this.#sender, this.#batch.take()));
  }

  /** Tries for so long to deliver what waits; the rest is sent by the next on the same spool. */
  async close(graceMs = 3000): Promise<void> {
    clearInterval(this.#timer);
    this.flush();
    await Promise.all(SIGNALS.map((signal) => this.#senders[signal].close(graceMs)));
    await this.#transport?.then(
      (transport) => transport.close(),
      () => {},
    );
  }

  #log(record: Parameters<LogBatch['add']>[0]): void {
    this.#batch.add(record);
    if (this.#batch.length >= BATCH_BYTES) this.flush();
  }

  #put(signal: Signal, items: number, request: Uint8Array): void {
    this.#spool.put(signal, items, new Uint8Array(gzipSync(request, GZIP)));
    this.#senders[signal].wake();
  }

  /** Who reads the logs is to know that some are missing. */
  #tellLosses(): void {
    for (const signal of SIGNALS) {
      const lost = this.#spool.lost(signal);
      const count = lost - this.#toldLost[signal];
      if (count === 0) continue;
      this.#toldLost[signal] = lost;
      if (this.#signals.has('logs'))
        this.#batch.add(lossRecord(signal, count, BigInt(Date.now()) * 1_000_000n));
    }
  }

  #connected(): Promise<Transport> {
    this.#transport ??= connect(this.#target);
    return this.#transport;
  }
}

async function connect(target: OtlpTarget): Promise<Transport> {
  if (target.protocol === 'http/protobuf') return new HttpTransport(target);
  const { GrpcTransport } = await import('./send/grpc-transport.ts');
  return new GrpcTransport(target);
}

/** Beside a store, or in a folder of its own. */
export const spoolIn = (directory: string): string => join(directory, 'otlp-spool');
