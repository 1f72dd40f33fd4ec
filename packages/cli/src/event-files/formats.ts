/** Which format an output has: by its extension. A format's code is loaded when it is used. */

import type { EventOutput } from './event-output.ts';
import type { Rotation } from './rotating-file.ts';

export interface EventFormat {
  readonly extension: string;
  /** It can go on in another file. */
  readonly rotates: boolean;
  /** @throws OutputFailed */
  open(path: string, rotation: Rotation | undefined): Promise<EventOutput>;
}

const EVENT_FORMATS: readonly EventFormat[] = [
  {
    extension: '.jsonl',
    rotates: true,
    open: async (path, rotation) =>
      (await import('./line-outputs.ts')).jsonLinesOutput(path, rotation),
  },
  {
    extension: '.csv',
    rotates: true,
    open: async (path, rotation) => (await import('./line-outputs.ts')).csvOutput(path, rotation),
  },
  {
    extension: '.html',
    rotates: false,
    open: async (path) => new (await import('./page-output.ts')).PageOutput(path),
  },
  {
    extension: '.pftrace',
    rotates: false,
    open: async (path) => (await import('./line-outputs.ts')).perfettoOutput(path),
  },
  {
    extension: '.db',
    rotates: false,
    open: async (path) => new (await import('./database-output.ts')).DatabaseOutput(path),
  },
];

export function eventFormatOf(path: string): EventFormat | undefined {
  return EVENT_FORMATS.find(({ extension }) => path.toLowerCase().endsWith(extension));
}

/** Why these outputs make no sense, in words. */
export function mistakeInOutputs(
  paths: readonly string[],
  rotation: Rotation | undefined,
): string | undefined {
  for (const path of paths) {
    if (path === '-') continue;
    if (path === '') return 'an output needs a name: -o FILE';
    const format = eventFormatOf(path);
    if (format === undefined) {
      const known = EVENT_FORMATS.map(({ extension }) => extension).join(', ');
      return `${path}: no format of events has this extension; known are ${known}`;
    }
    if (rotation !== undefined && !format.rotates)
      return `${path}: --rotate is for .jsonl and .csv; a ${format.extension} is one file`;
  }
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  return twice === undefined ? undefined : `${twice} is named twice as an output`;
}
