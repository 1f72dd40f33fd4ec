// What a process takes, minute by minute, beside what its host does.

import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { cpuSeconds, residentMegabytes } from '../../../bench/process-usage.ts';
import { median } from '../../../bench/samples.ts';

const TICKS_PER_SECOND = 100;

interface HostCounts {
  readonly forks: number;
  /** Of all CPUs, in seconds, without idle and iowait. */
  readonly busy: number;
}

function hostCounts(): HostCounts {
  const stat = readFileSync('/proc/stat', 'utf8');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
    /^cpu +(.*)$/m.exec(stat)?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  return {
    forks: Number(/^processes (\d+)$/m.exec(stat)?.[1]),
    busy: (user + nice + system + irq + softirq) / TICKS_PER_SECOND,
  };
}

export interface CurvePoint {
  readonly minute: number;
  readonly cpuPercent: number;
  readonly megabytes: number;
  /** Of the host: new tasks a second, CPUs that were busy, and the load. */
  readonly forks: number;
  readonly busy: number;
  readonly load: number;
}

type Ends = Pick<CurvePoint, 'megabytes' | 'cpuPercent'>;

export class ProcessCurve {
  readonly points: CurvePoint[] = [];
  readonly #pid: number;
  #last: { readonly at: number; readonly cpu: number; readonly host: HostCounts };

  constructor(pid: number) {
    this.#pid = pid;
    this.#last = { at: performance.now(), cpu: cpuSeconds(pid), host: hostCounts() };
  }

  add(minute: number): CurvePoint {
    const [at, cpu, host] = [performance.now(), cpuSeconds(this.#pid), hostCounts()];
    const { at: before, cpu: cpuBefore, host: hostBefore } = this.#last;
    const seconds = (at - before) / 1000;
    const point = {
      minute,
      cpuPercent: (100 * (cpu - cpuBefore)) / seconds,
      megabytes: residentMegabytes(this.#pid),
      forks: (host.forks - hostBefore.forks) / seconds,
      busy: (host.busy - hostBefore.busy) / seconds,
      load: loadavg()[0] ?? 0,
    };
    this.#last = { at, cpu, host };
    this.points.push(point);
    return point;
  }

  /** Medians of as many points at the beginning and at the end. */
  ends(points: number): { readonly first: Ends; readonly last: Ends } {
    const of = (some: readonly CurvePoint[]): Ends => ({
      megabytes: median(some.map(({ megabytes }) => megabytes)),
      cpuPercent: median(some.map(({ cpuPercent }) => cpuPercent)),
    });
    return { first: of(this.points.slice(0, points)), last: of(this.points.slice(-points)) };
  }
}

/** As it is said in one line. */
export function endsText({ first, last }: ReturnType<ProcessCurve['ends']>, peak: number): string {
  return `${first.megabytes.toFixed(0)} and ${last.megabytes.toFixed(0)}, at most ${peak.toFixed(0)}; CPU ${first.cpuPercent.toFixed(2)} and ${last.cpuPercent.toFixed(2)} %`;
}
