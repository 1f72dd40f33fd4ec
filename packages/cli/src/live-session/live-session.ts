/** What a live view is fed with, in a terminal or over HTTP: a session of the host's events and samples. */

import { definePlugin, EVENT_KINDS, type ProcessEvent } from '@waggle/core';
import { type BriefEvents, briefEvents } from '@waggle/core/plugins/brief-events';
import {
  type CpuProfilerOptions,
  cpuProfiler,
  defaultCacheDirectory,
} from '@waggle/core/plugins/cpu-profiler';
import { imageRetirement } from '@waggle/core/plugins/image-retirement';
import { processMetadata } from '@waggle/core/plugins/process-metadata';
import { redaction } from '@waggle/core/plugins/redaction';
import type { SessionConfig } from '@waggle/core/session';
import type { LiveTarget } from './targets.ts';

/** Some seconds of a storm: the view may be busy. */
const RING_BYTES = 4 * 1024 * 1024;

export interface LiveSettings extends Pick<LiveTarget, 'pid' | 'cgroup'> {
  readonly frequency: number;
  /** There is a command, which this process starts. */
  readonly launcher: boolean;
  readonly pids: (() => readonly number[]) | undefined;
  /** Frames at the root of each stack, so that processes can be told apart; lines and threads where wanted. */
  readonly sampling: Pick<
    CpuProfilerOptions,
    'rootFrames' | 'lines' | 'threads' | 'thrifty' | 'holdsLittle'
  >;
  /** Exec events with paths, ids and flags. */
  readonly execDetail: boolean;
  /** And with their environment. */
  readonly environ?: boolean | undefined;
  /** What of arguments, paths and names nobody is shown. */
  readonly redact?: readonly RegExp[] | undefined;
  /** Of the ring buffer. Default 4 MiB. */
  readonly ringBytes?: number | undefined;
  /** See SessionConfig. */
  readonly latencyMs?: number | undefined;
  /** See SessionConfig. */
  readonly endedAreKnown?: boolean | undefined;
  /** Sees the events as objects. */
  readonly onEvents?: ((events: readonly ProcessEvent[]) => void) | undefined;
  /** Told until when (boot clock, ns) `onEvents` has had everything. */
  readonly onReadUntil?: ((bootTime: bigint) => void) | undefined;
  /** Or in brief, where most of them are looked at by nobody. */
  readonly onBriefEvents?: ((events: BriefEvents) => void) | undefined;
  readonly onProblem: (message: string) => void;
}

export function liveSession(settings: LiveSettings): SessionConfig {
  const launcher = settings.launcher ? process.pid : undefined;
  const profiler = cpuProfiler({
    ...settings.sampling,
    frequencyHz: settings.frequency,
    cacheDirectory: defaultCacheDirectory(),
    launcher,
    pids: settings.pids,
  });
  return {
    trackProcessLifecycle: true,
    execDetail: settings.execDetail,
    environ: settings.environ === true,
    ringBytes: settings.ringBytes ?? RING_BYTES,
    latencyMs: settings.latencyMs,
    endedAreKnown: settings.endedAreKnown,
    plugins: [
      processMetadata(),
      ...(settings.redact === undefined ? [] : [redaction({ patterns: settings.redact })]),
      profiler,
      imageRetirement(),
      liveView(settings),
    ],
    onPluginProblem: ({ message }) => settings.onProblem(message),
    launcher,
    pids: settings.pid,
    cgroups: settings.cgroup,
  };
}

function liveView({ onEvents = () => {}, onReadUntil, onBriefEvents }: LiveSettings) {
  const name = 'live-view';
  if (onBriefEvents !== undefined)
    return briefEvents({ name, events: EVENT_KINDS, observe: onBriefEvents });
  return definePlugin({
    name,
    kernel: { events: EVENT_KINDS },
    setup: () => ({
      observeBatch: onEvents,
      readUntil: (bootTime) => onReadUntil?.(bootTime),
    }),
  });
}
