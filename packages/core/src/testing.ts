/** @waggle/core/testing: events made up for tests, and plugins run on them without a kernel. */

export {
  execEvent,
  exitEvent,
  failedExecEvent,
  forkEvent,
  lostEvent,
} from '@waggle/events/testing';
export {
  type PluginsRun,
  type RunPluginsOptions,
  runPlugins,
  type Step,
} from './testing/run-plugins.ts';
