/** `record --redact`: words of others, blacked out before anything of them is shown or written. */

import { redactArguments, redactText } from '@waggle/core/plugins/redaction';
import type { LabelsOf, RootFrames } from '@waggle/profiler';
import { mappedLabels } from './labels.ts';
import type { RecordOptions } from './options.ts';
import type { RecordTarget } from './targets.ts';

/** As it is shown and written: what is run keeps its arguments. */
export function redactedTarget(target: RecordTarget, { redact = [] }: RecordOptions): RecordTarget {
  if (target.kind !== 'command') return target;
  const [file = '', ...args] = redactArguments(target.argv, redact);
  return { kind: 'command', argv: [file, ...args] };
}

/** The names that processes and threads give themselves. */
export function redactedFrames(frames: RootFrames, { redact }: RecordOptions): RootFrames {
  if (redact === undefined) return frames;
  return (owner) => frames(owner).map((name) => redactText(name, redact));
}

export function redactedLabels(labels: LabelsOf, { redact }: RecordOptions): LabelsOf {
  return redact === undefined ? labels : mappedLabels(labels, (text) => redactText(text, redact));
}
