/** The files of `waggle trace -o`: opened before anything starts, fed by a plugin of their own. */

import type { Plugin } from '@waggle/core';
import { jsonLineBytes } from '@waggle/core/plugins/event-output';
import type { EventFiles } from '../../event-files/event-files.ts';
import type { EventFilter } from './filter.ts';
import { recordedEvents, rotationOf, type TraceOptions } from './options.ts';

/** The files, undefined where none is asked for, or in words why one cannot be written. */
export async function openFiles(options: TraceOptions): Promise<EventFiles | undefined | string> {
  const { output = [] } = options;
  if (!output.some((path) => path !== '-')) return undefined;
  // What writes files is not loaded by traces without any.
  const { EventFiles, OutputFailed } = await import('../../event-files/event-files.ts');
  try {
    return await EventFiles.open(output, rotationOf(options));
  } catch (error) {
    if (error instanceof OutputFailed) return error.message;
    throw error;
  }
}

/** Writes what passes the filter to the files, which never hold up the trace by failing. */
export function recordingTo(files: EventFiles, options: TraceOptions, filter: EventFilter): Plugin {
  return jsonLineBytes({
    name: 'event-files',
    events: recordedEvents(options),
    where: filter.isOpen ? undefined : filter.passes,
    write(bytes, { others, events }) {
      if (filter.isOpen) filter.shown += events;
      return files.write(bytes, others);
    },
  });
}
