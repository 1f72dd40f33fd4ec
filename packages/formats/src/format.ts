/**
 * What an output format is, and how one is chosen by the extension of a file name. To add a format:
 * make a folder beside `folded/` that exports an `OutputFormat`, and list it in `index.ts`; the
 * contract suite in `formats.test.ts` then runs on it.
 */
import type { Profile } from './profile.ts';
import { onlyValue, showValue } from './values.ts';

/** A profile from a file, with what was left out of it and why. */
export interface ParsedProfile extends Profile {
  /** In words, for a person; absent when everything was read. */
  readonly warnings?: readonly string[];
}

export interface OutputFormat {
  /** Short name for messages and options, unique among the formats. */
  readonly name: string;
  /** File name endings with their leading dot, lower case; they may contain more dots. */
  readonly extensions: readonly string[];
  readonly mediaType: string;
  /** There is room for values below zero, which the difference of two profiles has. */
  readonly signed?: true;
  /** It has room for all values of a profile; others write the one that is shown. */
  readonly allValues?: true;
  /** There is room for what is said of stacks beside their frames. */
  readonly labels?: true;
  /** It writes how often where the profile knows it, whatever value the profile shows. */
  readonly counts?: true;
  /**
   * The whole file. Text is to be written as UTF-8. The same profile always gives the same output.
   *
   * @throws RangeError when a stack's count is not a whole number of samples.
   */
  encode(profile: Profile): Uint8Array | string;
  /**
   * The profile of a file of this format, where it can be read back; what the file does not say is
   * empty or 0.
   *
   * @throws Error with a `code` that says what is wrong with the file.
   */
  readonly parse?: (bytes: Uint8Array) => ParsedProfile;
}

/**
 * The format among `candidates` whose extension ends `path`, whatever the case; where several do,
 * the longest extension wins (`.speedscope.json` before `.json`). `undefined` when none does.
 */
export function selectFormat<Format extends Pick<OutputFormat, 'extensions'>>(
  candidates: readonly Format[],
  path: string,
): Format | undefined {
  const lowered = path.toLowerCase();
  let selected: Format | undefined;
  let longest = 0;
  for (const format of candidates) {
    for (const extension of format.extensions) {
      if (extension.length > longest && lowered.endsWith(extension)) {
        selected = format;
        longest = extension.length;
      }
    }
  }
  return selected;
}

/**
 * The profile with one of its values chosen, as this format is to be given it.
 * @throws RangeError for a value that the profile has not.
 */
export function withValue(
  format: Pick<OutputFormat, 'counts'>,
  profile: Profile,
  index: number,
): Profile {
  return format.counts ? onlyValue(profile, index) : showValue(profile, index);
}
