/** Writes what is shown, in the format of the extension, and brings it to the browser if asked. */

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { ProfileStack } from '@waggle/formats';
import { amountText, type Measure, valueTypeOf } from '@waggle/tui';
import { planOutputs, unwritable, writeOutputs } from '../../profile-files/outputs.ts';
import { openInBrowser } from '../../terminal/open-in-browser.ts';

export interface ShownStacks {
  readonly stacks: readonly ProfileStack[];
  readonly measure: Measure;
  readonly frequencyHz: number;
  /** Of which moment they are, in milliseconds since 1970, and how long it took until then. */
  readonly now: number;
  readonly spanMs: number;
}

/** @returns where it was written, or what went wrong, in words */
export async function saveShown(shown: ShownStacks, path: string, opens: boolean): Promise<string> {
  const outputs = planOutputs([path]);
  if (typeof outputs === 'string') return outputs;
  if (outputs.files.some((file) => file.path === '-'))
    return 'standard output is the terminal: give a file';
  const unwritten = unwritable(outputs.files);
  if (unwritten !== undefined) return unwritten;
  const { stacks, measure, frequencyHz, now, spanMs } = shown;
  const amount = stacks.reduce((sum, { count }) => sum + count, 0);
  const value = valueTypeOf(measure);
  const metadata = {
    ...{ host: hostname(), frequencyHz, startTime: new Date(now - spanMs) },
    ...{ durationSeconds: spanMs / 1000, lostSamples: 0 },
    samples: value === undefined ? amount : 0,
  };
  const profile =
    value === undefined
      ? { stacks, metadata }
      : {
          stacks: stacks.map((stack) => ({ ...stack, values: [stack.count] })),
          metadata,
          values: { types: [value], shown: 0 },
        };
  const { where, problems } = await writeOutputs(outputs, profile, { withArguments: false });
  const [failed] = problems;
  if (failed !== undefined) return failed;
  const words = `${amountText(measure, amount)} ${where}`;
  const unopened = opens ? await openInBrowser(resolve(path)) : undefined;
  return unopened === undefined ? words : `${words}; not opened: ${unopened}`;
}
