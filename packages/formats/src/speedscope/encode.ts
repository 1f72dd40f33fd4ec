/**
 * Writes speedscope's JSON. A frame's file, by which speedscope colours, is its source file, or its
 * object where no source is known; what waggle knows besides (kind of frame, metadata, the object when
 * it is not the file) is in fields of our own, which speedscope leaves alone.
 */
import { frameKey, shownStacks, writableName } from '../merged-stacks.ts';
import type { FrameKind, Profile, ProfileFrame, ProfileMetadata } from '../profile.ts';

/** The `$schema` that speedscope recognises a file of its own by. */
export const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';
/** By which our own files are known. */
export const EXPORTER = 'waggle';

interface SpeedscopeFrame {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly kind: FrameKind;
  /** There when `file` is a source file: the object, null without one. */
  readonly object?: string | null;
  readonly inlined?: true;
}

/** @throws RangeError when a count is not a whole number of samples. */
export function encodeSpeedscope(profile: Profile): string {
  const frames: SpeedscopeFrame[] = [];
  const indexes = new Map<string, number>();
  const samples: number[][] = [];
  const weights: number[] = [];
  for (const stack of shownStacks(profile)) {
    weights.push(stack.count);
    samples.push(
      stack.frames.map((frame) => {
        const key = frameKey(frame);
        let index = indexes.get(key);
        if (index === undefined) {
          index = frames.length;
          indexes.set(key, index);
          frames.push(frameFields(frame));
        }
        return index;
      }),
    );
  }
  const title = titleOf(profile.metadata);
  return `${JSON.stringify({
    $schema: SCHEMA,
    exporter: EXPORTER,
    name: title,
    activeProfileIndex: 0,
    shared: { frames },
    profiles: [
      {
        type: 'sampled',
        name: title,
        unit: 'none',
        startValue: 0,
        endValue: weights.reduce((sum, weight) => sum + weight, 0),
        samples,
        weights,
      },
    ],
    waggle: metadataFields(profile.metadata),
  })}\n`;
}

function frameFields({ name, kind, object, file, line, inlined }: ProfileFrame): SpeedscopeFrame {
  const path = object?.toWellFormed();
  return {
    name: writableName(name),
    ...(file === undefined
      ? path === undefined
        ? {}
        : { file: path }
      : { file: file.toWellFormed(), object: path ?? null }),
    ...(line === undefined ? {} : { line }),
    kind,
    ...(inlined ? { inlined } : {}),
  };
}

function titleOf({ command, host, frequencyHz, lostSamples }: ProfileMetadata): string {
  const where = host === '' ? '' : ` on ${host}`;
  const rate = frequencyHz > 0 ? `, ${frequencyHz} Hz` : '';
  const lost = lostSamples > 0 ? `, ${lostSamples} samples lost` : '';
  return `${command ?? 'all processes'}${where}${rate}${lost}`.toWellFormed();
}

function metadataFields(metadata: ProfileMetadata): object {
  const { startTime, host, command } = metadata;
  return {
    ...metadata,
    host: host.toWellFormed(),
    ...(command === undefined ? {} : { command: command.toWellFormed() }),
    startTime: Number.isNaN(startTime.getTime()) ? null : startTime.toISOString(),
  };
}
