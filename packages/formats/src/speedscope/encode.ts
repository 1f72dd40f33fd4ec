/**
 * Writes speedscope's JSON. A frame's object is its file, by which speedscope colours; what waggle
 * knows besides (kind of frame, metadata) is in fields of our own, which speedscope leaves alone.
 */
import { frameKey, mergedStacks, writableName } from '../merged-stacks.ts';
import type { FrameKind, Profile, ProfileMetadata } from '../profile.ts';

/** The `$schema` that speedscope recognises a file of its own by. */
export const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';

interface SpeedscopeFrame {
  readonly name: string;
  readonly file?: string;
  readonly kind: FrameKind;
}

/** @throws RangeError when a count is not a whole number of samples. */
export function encodeSpeedscope(profile: Profile): string {
  const frames: SpeedscopeFrame[] = [];
  const indexes = new Map<string, number>();
  const samples: number[][] = [];
  const weights: number[] = [];
  for (const stack of mergedStacks(profile)) {
    weights.push(stack.count);
    samples.push(
      stack.frames.map((frame) => {
        const key = frameKey(frame);
        let index = indexes.get(key);
        if (index === undefined) {
          index = frames.length;
          indexes.set(key, index);
          const { object, kind } = frame;
          const file = object === undefined ? {} : { file: object.toWellFormed() };
          frames.push({ name: writableName(frame.name), ...file, kind });
        }
        return index;
      }),
    );
  }
  const title = titleOf(profile.metadata);
  return `${JSON.stringify({
    $schema: SCHEMA,
    exporter: 'waggle',
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
