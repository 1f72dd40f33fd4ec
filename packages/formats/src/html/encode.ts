/**
 * Writes a profile, or the difference of two, as one HTML page with everything in it: the data, the
 * script that draws it, and a policy that forbids it to load anything.
 */

import type { ProfileDiff } from '../diff/differences.ts';
import { canTell } from '../diff/significance.ts';
import { CANNOT_TELL } from '../diff/totals-text.ts';
import { buildCallTree, type CallTree } from '../flame-graph/call-tree.ts';
import {
  amountOf,
  FRAME_KINDS,
  samplesByLeaf,
  startText,
  titleOf,
} from '../flame-graph/caption.ts';
import { changeShades } from '../flame-graph/change-colours.ts';
import { comparedStacks } from '../flame-graph/compared-stacks.ts';
import type { DiffPictureOptions } from '../flame-graph/diff-picture-options.ts';
import { clip } from '../flame-graph/label.ts';
import { BOX_TEXT, palette } from '../flame-graph/palette.ts';
import { MATCH_COLOUR } from '../flame-graph/theme.ts';
import { RUNNING, stateName, THREAD_STATES, threadStateOf } from '../flame-graph/thread-states.ts';
import type { Profile, ProfileMetadata } from '../profile.ts';
import { formatCount, formatShare, formatValue } from '../value-text.ts';
import { type ValueUnit, valueUnit } from '../value-unit.ts';
import { shownType } from '../values.ts';
import { type PageContent, pageOf } from './markup.ts';
import { type PackedTree, packTree } from './pack.ts';
import type { Fact, PageData, PageUpdate } from './page-data.ts';

export interface HtmlOptions {
  /** Title of the page; by default made of command and host. */
  readonly title?: string | undefined;
  /** Root at the top, leaves below; `true` by default, because a page is read from its top. */
  readonly inverted?: boolean | undefined;
}

const MAX_TITLE_LENGTH = 400;

function number(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** Formats that say nothing of a recording have 0 and empty texts. */
function isRecording({ frequencyHz, durationSeconds, lostSamples, startTime }: ProfileMetadata) {
  const isDated = !Number.isNaN(startTime.getTime());
  return isDated || frequencyHz > 0 || durationSeconds > 0 || lostSamples > 0;
}

/** That nothing was lost is worth saying of a recording only. */
function lostText(metadata: ProfileMetadata): string {
  return isRecording(metadata) ? `, ${formatCount(metadata.lostSamples)} lost` : '';
}

/** What is known. `amount` is how much was recorded, and what. */
function factsOf(
  metadata: ProfileMetadata,
  amount: Pick<Fact, 'name' | 'value'>,
  withSubject: boolean,
): Fact[] {
  const { host, command, frequencyHz, durationSeconds, lostSamples } = metadata;
  const started = startText(metadata);
  return [
    {
      name: amount.name,
      value: `${amount.value}${lostText(metadata)}`,
      ...(lostSamples > 0 ? { className: 'lost' } : {}),
    },
    ...(frequencyHz > 0 ? [{ name: 'Frequency', value: `${number(frequencyHz)} Hz` }] : []),
    ...(durationSeconds > 0 ? [{ name: 'Duration', value: `${number(durationSeconds)} s` }] : []),
    ...(started === undefined ? [] : [{ name: 'Started', value: started }]),
    ...(withSubject && host !== '' ? [{ name: 'Host', value: host }] : []),
    ...(withSubject && command ? [{ name: 'Command', value: command }] : []),
  ];
}

/** Samples have a name of their own among the facts, anything else says what it is. */
function amountFact(profile: Profile, total: number): Pick<Fact, 'name' | 'value'> {
  return profile.values === undefined
    ? { name: 'Samples', value: formatCount(profile.metadata.samples) }
    : { name: 'Shown', value: amountOf(profile, total) };
}

/** How much there is of each state, the last for those without; undefined where no stack has one. */
function byState({ stacks }: Pick<Profile, 'stacks'>): readonly number[] | undefined {
  const sums = new Array<number>(THREAD_STATES.length + 1).fill(0);
  for (const { frames, count } of stacks) {
    const state = frames.map(threadStateOf).find((each) => each >= 0) ?? THREAD_STATES.length;
    sums[state] = (sums[state] ?? 0) + count;
  }
  return sums.slice(0, -1).every((sum) => sum === 0) ? undefined : sums;
}

/** Those that there are, by their symbols. */
function statesOf(
  { names, kindOf, kinds }: PackedTree,
  sums: readonly number[] | undefined,
): Pick<PageData, 'states'> {
  if (sums === undefined) return {};
  const symbolOf = (state: string) =>
    names.findIndex((name, symbol) => name === state && kinds[kindOf[symbol] ?? 0] === 'process');
  const states = THREAD_STATES.map((state) => ({
    name: stateName(state),
    symbol: symbolOf(state),
  }));
  const running = { name: RUNNING, symbol: -1 };
  return { states: [...states, running].filter((_, state) => (sums[state] ?? 0) > 0) };
}

function dataOf(
  tree: CallTree,
  unit: ValueUnit,
  options: HtmlOptions,
  compared: PageData['compared'],
  stateSums?: readonly number[],
): PageData | undefined {
  if (tree.root.count === 0 && tree.root.other === 0) return undefined;
  const themes = (shades: readonly { light: string; dark: string }[]) => ({
    light: shades.map(({ light }) => light),
    dark: shades.map(({ dark }) => dark),
  });
  const packed = packTree(tree, compared !== undefined);
  return {
    ...packed,
    ...statesOf(packed, stateSums),
    palette: themes(palette),
    changePalette: themes(changeShades),
    matchColour: MATCH_COLOUR,
    boxText: BOX_TEXT,
    unit,
    isUpward: !(options.inverted ?? true),
    compared,
  };
}

function contentOf(profile: Profile, options: HtmlOptions): PageContent & PageUpdate {
  const tree = buildCallTree(profile.stacks);
  const leaves = samplesByLeaf(profile);
  const shares = FRAME_KINDS.map((kind) => ({
    kind,
    share: formatShare(leaves.get(kind) ?? 0, tree.root.count),
  }));
  const legend = shares.map(({ kind, share }) => {
    const hint = 'Samples by the kind of their last frame';
    return `<span class="dot kind-${kind}"></span><span title="${hint}" id="share-${kind}">${kind} ${share}</span>`;
  });
  const states = byState(profile);
  for (const [state, sum] of states?.entries() ?? [])
    if (sum > 0 && state < THREAD_STATES.length)
      legend.push(
        `<span class="dot state-${state}"></span><span>${stateName(THREAD_STATES[state] ?? '')} ${formatShare(sum, tree.root.count)}</span>`,
      );
  return {
    title: clip(options.title ?? titleOf(profile.metadata), MAX_TITLE_LENGTH),
    // The usual title says the first two.
    facts: factsOf(
      profile.metadata,
      amountFact(profile, tree.root.count),
      options.title !== undefined,
    ),
    legend,
    shares,
    data: dataOf(tree, valueUnit(shownType(profile)), options, undefined, states),
  };
}

/**
 * The profile as an interactive page. The same profile gives the same text.
 *
 * @throws RangeError when a count is not a whole number of samples.
 */
export function encodeHtml(profile: Profile, options: HtmlOptions = {}): string {
  return pageOf(contentOf(profile, options));
}

/**
 * What brings a page of `encodeHtml` that is shown in a frame up to date, as JSON: the frame's parent posts it as
 * `{ type: 'waggle:profile', update }`, best as the bytes of this text in an ArrayBuffer that is transferred. Zoom, search and
 * selection stay; samples may not be none.
 *
 * @throws RangeError when a count is not a whole number of samples.
 */
export function encodeHtmlUpdate(profile: Profile, options: HtmlOptions = {}): string {
  const { facts, shares, data } = contentOf(profile, options);
  return JSON.stringify({ facts, shares, data } satisfies PageUpdate);
}

/** One line for each profile. */
function profileFacts(
  side: 'Before' | 'After',
  total: number,
  unit: ValueUnit,
  about?: ProfileMetadata,
): Fact {
  const value = formatValue(total, unit);
  if (about === undefined) return { name: side, value, className: 'profile' };
  const facts = factsOf(about, { name: '', value }, true);
  const text = facts.map((fact) => fact.value).join(' \u00b7 ');
  return { name: side, value: text, className: 'profile' };
}

/**
 * The difference of two profiles as a page: boxes coloured by the change of their share.
 * @throws RangeError when a count is not a whole number of samples, or a stack has not one for each value.
 */
export function encodeHtmlDiff(
  diff: ProfileDiff,
  options: HtmlOptions & DiffPictureOptions = {},
): string {
  const { totals } = diff;
  const unit = valueUnit(diff.type);
  const sizeBy = options.sizeBy ?? 'after';
  return pageOf({
    title: clip(options.title ?? 'What changed', MAX_TITLE_LENGTH),
    facts: [
      profileFacts('Before', totals.before, unit, options.before),
      profileFacts('After', totals.after, unit, options.after),
    ],
    legend: [
      '<span id="largest-shrunk">shrank</span><span class="ramp"></span><span id="largest-grown">grew</span>',
      canTell(totals)
        ? '<span title="Below three standard errors">grey: no more than chance explains</span>'
        : `<span>${CANNOT_TELL}</span>`,
    ],
    data: dataOf(buildCallTree(comparedStacks(diff, 'after')), unit, options, {
      ...totals,
      sizeBy,
    }),
  });
}
