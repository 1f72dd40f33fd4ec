/**
 * Services that a session itself asks for, by their role: whichever plugin provides one plays it. The
 * product's own are processMetadata() and cpuProfiler().
 */

import type { ProcessMetadataCache } from '@waggle/cache';
import type { Profile } from '@waggle/formats';
import type { FrameCount } from '@waggle/profiler';
import { defineService } from '../plugin/service.ts';

/** Who every process is. */
export const ProcessMetadata = defineService<ProcessMetadataCache>()('process-metadata');

/** What `collect` and `collectRaw` of a session ask. Only after the session has started. */
export interface ProfileCollector {
  /** Everything since the last collection. */
  collect(): Promise<Profile>;
  /** The same stack by stack, since the last collectRaw(). */
  collectRaw(): Promise<readonly FrameCount[]>;
  /**
   * All samples taken before this moment (ms since 1970) have been asked for: processes that ended earlier may be
   * forgotten. A collector that asks at once leaves it out.
   */
  takenInUntil?(): number;
}

/** The service of a profiler, as much of it as a session needs to know. */
export const Collector = defineService<ProfileCollector>()('profiler');
