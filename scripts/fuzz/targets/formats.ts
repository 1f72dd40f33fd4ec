// Profiles of every format, by their content as `convert` reads them; what is read is written again.

import { ChromeSyntaxError } from '../../../packages/formats/src/chrome/index.ts';
import {
  diffProfiles,
  FirefoxSyntaxError,
  FoldedSyntaxError,
  formats,
  OtlpSyntaxError,
  PprofSyntaxError,
  type Profile,
  ProfileTooLargeError,
  parseProfile,
  SpeedscopeSyntaxError,
  UnknownProfileError,
} from '../../../packages/formats/src/index.ts';
import { PerfScriptSyntaxError } from '../../../packages/formats/src/perf-script/index.ts';
import { errorsOf, type FuzzTarget, type Random } from '../target.ts';

const EMPTY: Profile = {
  stacks: [{ frames: [{ name: 'main', kind: 'user' }], count: 1 }],
  metadata: {
    host: '',
    frequencyHz: 0,
    startTime: new Date(0),
    durationSeconds: 0,
    samples: 1,
    lostSamples: 0,
  },
};

function ask(bytes: Uint8Array, random: Random): void {
  const profile = parseProfile(bytes);
  const format = formats[Math.floor(random() * formats.length)];
  try {
    format?.encode(profile);
    diffProfiles(EMPTY, profile);
  } catch (error) {
    // Differences of two profiles are read too, which most formats have no room for.
    if (!(error instanceof RangeError) || error.message.startsWith('Maximum call stack'))
      throw error;
  }
}

const refuses = errorsOf(
  ChromeSyntaxError,
  FirefoxSyntaxError,
  FoldedSyntaxError,
  OtlpSyntaxError,
  PerfScriptSyntaxError,
  PprofSyntaxError,
  ProfileTooLargeError,
  SpeedscopeSyntaxError,
  UnknownProfileError,
);

export const formatTargets: readonly FuzzTarget[] = [
  'folded',
  'perf-script',
  'pprof',
  'otlp',
  'otlp-json',
  'speedscope',
  'firefox',
  'chrome',
].map((name) => ({ name, run: ask, refuses }));
