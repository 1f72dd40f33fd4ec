/** What a recording does differently for `-o FILE.pftrace`: samples one by one, and what runs beside them. */

import type { ProfilerService } from '@waggle/core/plugins/cpu-profiler';
import { redaction } from '@waggle/core/plugins/redaction';
import type { Session, SessionConfig } from '@waggle/core/session';
import type { ProfileLabels } from '@waggle/formats';
import type { LabelsOf } from '@waggle/profiler';
import { OutputFailed } from '../../profile-files/output-file.ts';
import type { RecordOptions } from './options.ts';
import { ProfileSlices } from './profile-slices.ts';
import { TraceFile, timedLabels } from './trace-file.ts';

/** Events are written while the recording goes on: as many as `trace` has room for. */
const RING_BYTES = 8 * 1024 * 1024;

export interface TraceResult {
  readonly where: readonly string[];
  readonly problems: readonly string[];
}

/** All of them, or in words why one cannot be. */
export function openTraceFiles(
  paths: readonly string[],
  frequencyHz: number,
): readonly TraceFile[] | string {
  const files: TraceFile[] = [];
  try {
    for (const path of paths) files.push(new TraceFile(path, frequencyHz));
    return files;
  } catch (error) {
    for (const file of files) file[Symbol.dispose]();
    if (error instanceof OutputFailed) return error.message;
    throw error;
  }
}

export class TraceRecording {
  readonly #files: readonly TraceFile[];
  readonly #options: RecordOptions;
  readonly #labels: LabelsOf | undefined;

  /** @param labels those that other outputs want */
  constructor(files: readonly TraceFile[], options: RecordOptions, labels: LabelsOf | undefined) {
    this.#files = files;
    this.#options = options;
    this.#labels = labels;
  }

  get isWanted(): boolean {
    return this.#files.length > 0;
  }

  get labels(): LabelsOf | undefined {
    if (!this.isWanted) return this.#labels;
    return (owner) => ({ ...this.#labels?.(owner), ...timedLabels(owner) });
  }

  /** The session, with what traces need besides. */
  configured(config: SessionConfig): SessionConfig {
    if (!this.isWanted) return config;
    const { redact } = this.#options;
    return {
      ...config,
      ringBytes: RING_BYTES,
      plugins: [
        ...(config.plugins ?? []),
        ...(redact === undefined ? [] : [redaction({ patterns: redact })]),
        ...this.#files.map((file) => file.plugin()),
      ],
    };
  }

  /** Of a session that is about to run. */
  slicesOf(session: Session, profiler: ProfilerService): ProfileSlices {
    return new ProfileSlices(session, {
      sampled: () => profiler.counts().stored,
      onSlice: (slice) => {
        for (const file of this.#files) file.addSamples(slice, session.kernel.native);
      },
      labelsOf: (labels) => this.#othersLabels(labels),
    });
  }

  finish(): TraceResult {
    const problems = this.#files.flatMap((file) => file.finish());
    const paths = this.#files.map(({ path }) => path);
    return { where: paths.length === 0 ? [] : [`written to ${paths.join(', ')}`], problems };
  }

  /** As they would be without a trace. */
  #othersLabels(labels: ProfileLabels): ProfileLabels | undefined {
    if (this.#labels === undefined) return undefined;
    const { time: _time, cpu, tid, thread, ...others } = labels;
    const { groupBy } = this.#options;
    return {
      ...others,
      ...(groupBy === 'cpu' && cpu !== undefined ? { cpu } : {}),
      ...(groupBy === 'thread' && tid !== undefined ? { tid, thread: thread ?? '' } : {}),
    };
  }
}
