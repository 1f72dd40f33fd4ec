/**
 * Writes folded stacks. One line per distinct stack, so that each line parses whatever the names
 * contain: `;` would end a frame and becomes `:`, a control character or line separator would end
 * the line and becomes a space, half a surrogate pair cannot be UTF-8 and becomes U+FFFD, and a first
 * `#`, which would make a comment of the line, becomes the wide one, U+FF03. A number at the end of a stack
 * would be a second count: the space before it becomes one that does not break.
 */
import { type Profile, type ProfileFrame, type ProfileStack, totalSamples } from '../profile.ts';
import { StackKeys } from '../stack-keys.ts';
import { countedValue, nanosecondsIn, onlyValue, shownType } from '../values.ts';

const NANOSECONDS_PER_MICROSECOND = 1000;
/** In UTF-16 units; every name is in it again for each stack that it is in. */
const LONGEST_TEXT = 256e6;

/** FlameGraph's mark for kernel functions (`stackcollapse-perf.pl --kernel` writes the same). */
export const KERNEL_SUFFIX = '_[k]';

/** Stands for a frame without a name and for a sample without a frame. */
export const UNKNOWN_FRAME = '[unknown]';

// Control characters are Unicode's Cc (C0, DEL, C1); Zl and Zp are the line and paragraph
// separators, at which some readers break lines too.
const LINE_BREAKING = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
const LONE_SURROGATE = /\p{Cs}/gu;
// The usual name has nothing to replace: one cheap test instead of three replacements.
const NEEDS_ESCAPE = /[;\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

function foldName(name: string): string {
  if (name === '') return UNKNOWN_FRAME;
  if (!NEEDS_ESCAPE.test(name)) return name;
  return name.replaceAll(';', ':').replace(LINE_BREAKING, ' ').replace(LONE_SURROGATE, '\uFFFD');
}

function foldFrame(frame: ProfileFrame): string {
  const name = foldName(frame.name);
  return frame.kind === 'kernel' ? name + KERNEL_SUFFIX : name;
}

/** A second number before the count makes a line of two profiles that are compared. */
const COUNT_AT_END = / ([\d.eE+-]+)$/;
/** Before a number at the end of a stack: it does not break, so that no reader splits there. */
export const NUMBER_SPACE = '\u00A0';

/** Lines that begin like this are comments to those who read them. */
const COMMENT = /^(\s*)#/;

/** One stack as a line has it, without its count. */
export function foldStack(frames: readonly ProfileFrame[]): string {
  if (frames.length === 0) return UNKNOWN_FRAME;
  return frames
    .map(foldFrame)
    .join(';')
    .replace(COMMENT, '$1\uFF03')
    .replace(COUNT_AT_END, `${NUMBER_SPACE}$1`);
}

/**
 * Those that read the same as one, before any of them is written out.
 *
 * @throws RangeError when they are too long, written out.
 */
function onceEach(stacks: readonly ProfileStack[]): Iterable<ProfileStack> {
  const keys = new StackKeys(stacks, foldFrame);
  const merged = new Map<string, { frames: ProfileStack['frames']; count: number }>();
  let length = 0;
  for (const { frames, count } of stacks) {
    if (count === 0) continue;
    const key = keys.of(frames);
    const known = merged.get(key);
    if (known !== undefined) known.count += count;
    else {
      merged.set(key, { frames, count });
      for (const { name } of frames) length += name.length + 1;
    }
  }
  if (length > LONGEST_TEXT)
    throw new RangeError(
      `its folded stacks would be ${Math.round(length / 1e6)} MB of text, of which ` +
        `${LONGEST_TEXT / 1e6} MB can be written: give it as .html or .pb.gz`,
    );
  return merged.values();
}

/**
 * The folded text: root first, stacks that read the same merged, lines in code-unit order, each
 * ended by a newline. Stacks with a count of zero are left out; no samples give the empty text.
 * Of several values, the first in a unit of count is written, else the one that is shown; times are
 * whole microseconds.
 *
 * @throws RangeError when a count is not a whole number of samples, or the text would be too long.
 */
export function encodeFolded(profile: Pick<Profile, 'stacks' | 'values'>): string {
  const written = onlyValue(profile, countedValue(profile));
  const { stacks } = written;
  totalSamples(stacks);
  const nanoseconds = nanosecondsIn(shownType(written).unit);
  const scale = nanoseconds === undefined ? 1 : nanoseconds / NANOSECONDS_PER_MICROSECOND;
  const counts = new Map<string, number>();
  for (const { frames, count } of onceEach(stacks)) {
    const line = foldStack(frames);
    counts.set(line, (counts.get(line) ?? 0) + count);
  }
  let text = '';
  for (const line of [...counts.keys()].sort()) {
    // After stacks were merged, so that short times add up.
    const count = Math.round((counts.get(line) ?? 0) * scale);
    if (count > 0) text += `${line} ${count}\n`;
  }
  return text;
}
