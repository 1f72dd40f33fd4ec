/**
 * Writes a profile, or the difference of two, as one HTML page with everything in it: the data, the
 * script that draws it, and a policy that forbids it to load anything.
 */
import { FRAME_KINDS, samplesByLeaf, titleOf } from '../caption.ts';
import { changeShades } from '../diff/colours.ts';
import { comparedStacks } from '../diff/compared-stacks.ts';
import type { DiffPictureOptions } from '../diff/diff-formats.ts';
import type { ProfileDiff } from '../diff/differences.ts';
import { CHANCE } from '../diff/significance.ts';
import type { Profile, ProfileMetadata } from '../profile.ts';
import { buildCallTree, type CallTree } from '../svg/call-tree.ts';
import { BOX_TEXT, palette } from '../svg/palette.ts';
import { createGeometry } from '../svg/viewer/geometry.ts';
import { type Fact, pageOf } from './markup.ts';
import { packTree } from './pack.ts';
import type { PageData } from './page-data.ts';
import { MATCH_COLOUR } from './style.ts';

export interface HtmlOptions {
  /** Title of the page; by default made of command and host. */
  readonly title?: string;
  /** Root at the top, leaves below; `true` by default, because a page is read from its top. */
  readonly inverted?: boolean;
}

const MAX_TITLE_LENGTH = 400;

const geometry = createGeometry();

function number(value: number): string {
  return String(Number(value.toFixed(2)));
}

function startOf({ startTime }: ProfileMetadata): string | undefined {
  // A Date may be invalid, which is no reason to lose the profile.
  if (Number.isNaN(startTime.getTime())) return undefined;
  return `${startTime.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Formats that say nothing of a recording have 0 and empty texts. */
function isRecording({ frequencyHz, durationSeconds, lostSamples, startTime }: ProfileMetadata) {
  const isDated = !Number.isNaN(startTime.getTime());
  return isDated || frequencyHz > 0 || durationSeconds > 0 || lostSamples > 0;
}

/** That nothing was lost is worth saying of a recording only. */
function samplesText(metadata: ProfileMetadata, noun = ''): string {
  const { samples, lostSamples } = metadata;
  const lost = isRecording(metadata) ? `, ${geometry.formatCount(lostSamples)} lost` : '';
  return `${geometry.formatCount(samples)}${noun}${lost}`;
}

/** What is known. */
function factsOf(metadata: ProfileMetadata, withSubject: boolean): Fact[] {
  const { host, command, frequencyHz, durationSeconds, lostSamples } = metadata;
  const started = startOf(metadata);
  return [
    {
      name: 'Samples',
      value: samplesText(metadata),
      ...(lostSamples > 0 ? { className: 'lost' } : {}),
    },
    ...(frequencyHz > 0 ? [{ name: 'Frequency', value: `${number(frequencyHz)} Hz` }] : []),
    ...(durationSeconds > 0 ? [{ name: 'Duration', value: `${number(durationSeconds)} s` }] : []),
    ...(started === undefined ? [] : [{ name: 'Started', value: started }]),
    ...(withSubject && host !== '' ? [{ name: 'Host', value: host }] : []),
    ...(withSubject && command ? [{ name: 'Command', value: command }] : []),
  ];
}

function dataOf(
  tree: CallTree,
  options: HtmlOptions,
  compared: PageData['compared'],
): PageData | undefined {
  if (tree.root.count === 0 && tree.root.other === 0) return undefined;
  const themes = (shades: readonly { light: string; dark: string }[]) => ({
    light: shades.map(({ light }) => light),
    dark: shades.map(({ dark }) => dark),
  });
  return {
    ...packTree(tree, compared !== undefined),
    palette: themes(palette),
    changePalette: themes(changeShades),
    matchColour: MATCH_COLOUR,
    boxText: BOX_TEXT,
    chance: CHANCE,
    isUpward: !(options.inverted ?? true),
    ...(compared === undefined ? {} : { compared }),
  };
}

/**
 * The profile as an interactive page. The same profile gives the same text on the same JavaScript
 * engine (the script's spelling follows the engine's).
 *
 * @throws RangeError when a count is not a whole number of samples.
 */
export function encodeHtml(profile: Profile, options: HtmlOptions = {}): string {
  const tree = buildCallTree(profile.stacks);
  const leaves = samplesByLeaf(profile);
  const legend = FRAME_KINDS.map((kind) => {
    const share = geometry.formatShare(leaves.get(kind) ?? 0, tree.root.count);
    const hint = 'Samples by the kind of their last frame';
    return `<span class="dot kind-${kind}"></span><span title="${hint}">${kind} ${share}</span>`;
  });
  return pageOf({
    title: geometry.clip(options.title ?? titleOf(profile.metadata), MAX_TITLE_LENGTH),
    // The usual title says the first two.
    facts: factsOf(profile.metadata, options.title !== undefined),
    legend,
    data: dataOf(tree, options, undefined),
  });
}

/** One line for each profile. */
function profileFacts(side: 'Before' | 'After', samples: number, about?: ProfileMetadata): Fact {
  const noun = samples === 1 ? ' sample' : ' samples';
  if (about === undefined) {
    return { name: side, value: `${geometry.formatCount(samples)}${noun}`, className: 'profile' };
  }
  const [, ...others] = factsOf(about, true);
  const parts = [samplesText({ ...about, samples }, noun), ...others.map((fact) => fact.value)];
  const value = parts.join(' \u00b7 ');
  return { name: side, value, className: 'profile' };
}

/** The difference of two profiles as a page: boxes coloured by the change of their share. */
export function encodeHtmlDiff(
  diff: ProfileDiff,
  options: HtmlOptions & DiffPictureOptions = {},
): string {
  const { before, after } = diff.samples;
  const sizeBy = options.sizeBy ?? 'after';
  return pageOf({
    title: geometry.clip(options.title ?? 'What changed', MAX_TITLE_LENGTH),
    facts: [
      profileFacts('Before', before, options.before),
      profileFacts('After', after, options.after),
    ],
    legend: [
      '<span id="largest-shrunk">shrank</span><span class="ramp"></span><span id="largest-grown">grew</span>',
      '<span title="Below three standard errors">grey: no more than chance explains</span>',
    ],
    data: dataOf(buildCallTree(comparedStacks(diff, 'after')), options, { before, after, sizeBy }),
  });
}
