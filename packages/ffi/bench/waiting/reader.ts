// The process that is measured: waits by one strategy, first without events, then at each
// rate, and prints what it used. reader.ts STRATEGY OBJECT EVENT_SOURCE IDLE_SECONDS SECONDS

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BpfObjectFile, type BpfProgram, openNative, RingBuffer } from '../../src/index.ts';
import { STRATEGIES, WAKEUP } from './strategy.ts';

export const RATES = [10, 1_000, 50_000] as const;

export interface RateResult {
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the reader. */
  readonly cpuPerEventUs: number;
  /** Of the process in which the event happens: what a wake-up costs there. */
  readonly sourceCpuPerEventUs: number;
  readonly cpuPercent: number;
  readonly lost: number;
}

export interface StrategyResult {
  readonly name: string;
  readonly wakeup: string;
  readonly idleCpuPercent: number;
  readonly rssMb: number;
  readonly rates: readonly RateResult[];
}

const WAKEUP_BYTES = 1 << 20;
const [index, object = '', eventSource = '', idleSeconds, seconds] = process.argv.slice(2);
const run = promisify(execFile);
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const strategy = STRATEGIES[Number(index)];
if (strategy === undefined) throw new Error(`no strategy ${index}`);
const native = await openNative();
const file = BpfObjectFile.open(native, object);
file.setConstant(
  '.rodata',
  0,
  new Uint8Array(Uint32Array.of(WAKEUP[strategy.wakeup], WAKEUP_BYTES).buffer),
);
const loaded = file.load();
const map = loaded.map('records');
const ring = new RingBuffer(native, map);
const program = loaded.program('emit');

let latencies: number[] = [];
const now = new BigInt64Array(2);
const nowBytes = new Uint8Array(now.buffer);

function look(): number {
  if (ring.available === 0) return 0;
  const CLOCK_MONOTONIC = 1;
  native.libc.clock_gettime(CLOCK_MONOTONIC, nowBytes);
  const time = Number((now[0] ?? 0n) * 1_000_000_000n + (now[1] ?? 0n));
  return ring.drain((memory, offset) => {
    const low = memory.view.getUint32(offset + 8, true);
    const high = memory.view.getUint32(offset + 12, true);
    latencies.push(time - (high * 2 ** 32 + low));
  });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function percentile(sorted: readonly number[], share: number): number {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1e6;
}

/** bpf_prog_info.id, by way of /proc: the event source finds the program by it. */
async function programId({ fd }: BpfProgram): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8');
  return /^prog_id:\s+(\d+)/m.exec(info)?.[1] ?? '';
}

async function measureRate(id: string, rate: number): Promise<RateResult> {
  latencies = [];
  const before = cpuSeconds();
  const { stdout } = await run(eventSource, [id, String(rate), seconds ?? '5']);
  await sleep(150);
  const used = cpuSeconds() - before;
  const [made = 0, sourceSeconds = 0] = stdout.split(' ').map(Number);
  const sorted = latencies.sort((a, b) => a - b);
  return {
    rate,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    cpuPerEventUs: (used * 1e6) / made,
    sourceCpuPerEventUs: (sourceSeconds * 1e6) / made,
    cpuPercent: (used * 100) / Number(seconds),
    lost: made - sorted.length,
  };
}

strategy.start({ native, map, ring, look });
const id = await programId(program);
await sleep(1_500);
const before = cpuSeconds();
await sleep(Number(idleSeconds) * 1_000);
const idleCpuPercent = ((cpuSeconds() - before) * 100) / Number(idleSeconds);
const rssMb = process.memoryUsage().rss / 1e6;
const rates: RateResult[] = [];
for (const rate of RATES) rates.push(await measureRate(id, rate));
const { name, wakeup } = strategy;
const result: StrategyResult = { name, wakeup, idleCpuPercent, rssMb, rates };
console.log(JSON.stringify(result));
process.exit(0);
