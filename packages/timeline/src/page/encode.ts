/**
 * Writes the history of a recording as one HTML page with everything in it: the data, the script that draws
 * it, and a policy that forbids it to load anything. Or as two parts, for who shows one history after the other: the page
 * without data, and the bytes that it is told.
 */

import { printable } from '@waggle/text';
import { escapeHtml, wholePage } from '@waggle/text/page';
import { source as script } from '../generated/timeline-viewer.ts';
import type { ProcessHistory } from '../processes/history.ts';
import { zlib } from '../zlib.ts';
import { packHistory, packingSteps } from './pack.ts';
import { pageBytes } from './page-bytes.ts';
import { type PageAbout, type PageData, type PageFact, STATE } from './page-data.ts';
import { pageStyle } from './style.ts';

export interface TimelinePageOptions {
  /** Of the page; by default that of the first process that was recorded. */
  readonly title?: string | undefined;
}

export interface TimelineUpdateOptions extends TimelinePageOptions {
  /** Waited for between parts of the work. Default: all of it at once. */
  readonly pause?: (() => Promise<void> | undefined) | undefined;
}

type PackedData = PageData<readonly number[]>;

const MAX_TITLE = 300;

// Three bars, one below another.
const ICON =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#e8590c" d="M1 2h14v3H1z"/><path fill="#7fb2e5" d="M3 7h7v3H3z"/><path fill="#8fc77e" d="M8 12h6v3H8z"/></svg>',
  );

/** The page. The same history gives the same text. */
export function timelinePage(history: ProcessHistory, options: TimelinePageOptions = {}): string {
  const data = packHistory(history);
  const about = aboutOf(data, history, options);
  return wholePage({
    title: escapeHtml(about.title),
    icon: ICON,
    style: pageStyle(),
    script,
    body: [
      header(about, history.lost + history.leftOut),
      ...(about.isEmpty
        ? [`<main>${emptyText(false)}</main>`]
        : [
            body(false),
            `<script type="application/octet-stream" id="data">${packed(data)}</script>`,
            `<script>${script}</script>`,
          ]),
    ],
  });
}

/**
 * The page without data, for a frame: its parent posts it `{ type: 'waggle:timeline', update, theme }` once it has said
 * `waggle:ready`, with the bytes of `timelineUpdate` in an ArrayBuffer that is transferred, as often as there are others.
 * What is chosen, searched and zoomed stays.
 */
export function timelineFrame(): string {
  return wholePage({
    title: 'Timeline',
    icon: ICON,
    style: pageStyle(),
    script,
    body: [
      header({ title: '', facts: [], isEmpty: true }, 0),
      emptyText(true),
      body(true),
      `<script>${script}</script>`,
    ],
  });
}

/** What a page of `timelineFrame` is to show. */
export async function timelineUpdate(
  history: ProcessHistory,
  options: TimelineUpdateOptions = {},
): Promise<Uint8Array> {
  const steps = packingSteps(history);
  for (;;) {
    const step = steps.next();
    await options.pause?.();
    if (step.done) return pageBytes(step.value, aboutOf(step.value, history, options));
  }
}

function packed(data: PackedData): string {
  const bytes = zlib().gzipSync(pageBytes(data));
  // The system in the header is the one it was packed on; the same data is to give the same text.
  bytes[9] = 255;
  return bytes.toString('base64');
}

function titleOf({ processes, images, commands, names }: PackedData): string {
  const first = processes.state.findIndex((state) => state !== STATE.context);
  if (first < 0) return 'Processes';
  const above = processes.parent[first] ?? -1;
  const isAlone = above < 0 || !processes.state.some((s, at) => s !== 4 && at < first);
  const roots = processes.parent.filter(
    (parent, at) => processes.state[at] !== 4 && (parent < 0 || processes.state[parent] === 4),
  );
  if (!isAlone || roots.length !== 1) return 'What ran';
  const image = images.process.indexOf(first);
  const words = image < 0 ? undefined : commands[images.command[image] ?? -1];
  return words?.join(' ') || (names[processes.name[first] ?? -1] ?? 'Processes');
}

function aboutOf(
  data: PackedData,
  history: ProcessHistory,
  options: TimelinePageOptions,
): PageAbout {
  const { processes, beganAt, duration } = data;
  const count = (...states: number[]) =>
    processes.state.filter((state) => states.includes(state)).length;
  const cpu = [...processes.user, ...processes.system].reduce(
    (sum, each) => sum + Math.max(0, each),
    0,
  );
  const goesOn = count(STATE.running) > 0;
  const seconds = (micros: number) => `${Number((micros / 1e6).toPrecision(4))} s`;
  const failed = count(STATE.failed);
  const killed = count(STATE.killed);
  const recorded = processes.state.length - count(STATE.context);
  const facts: PageFact[] = [
    ['Processes', grouped(recorded)],
    ['Duration', seconds(duration)],
    // Of who still runs it is not known.
    ...(cpu > 0 ? [['CPU', `${goesOn ? '\u2265 ' : ''}${seconds(cpu)}`] as const] : []),
    ['Failed', grouped(failed), failed > 0],
    ...(killed > 0 ? [['Killed', grouped(killed), true] as const] : []),
    ...(history.lost > 0 ? [['Lost events', grouped(history.lost), true] as const] : []),
    ...(history.leftOut > 0
      ? [['Processes left out', grouped(history.leftOut), true] as const]
      : []),
    ['Began', new Date(beganAt).toISOString().replace('T', ' ').slice(0, 19).concat(' UTC')],
  ];
  const title = clip(printable(options.title ?? titleOf(data)));
  return { title, facts, isEmpty: recorded === 0 };
}

/** @param missing events and processes that are not there */
function header({ title, facts }: PageAbout, missing: number): string {
  const list = facts.map(
    ([name, value, isBad]) =>
      `<div${isBad ? ' class="bad"' : ''}><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  return [
    `<header data-missing="${missing}"><h1 id="title" title="${escapeHtml(title)}">${escapeHtml(title)}</h1>`,
    `<dl class="about" id="about">${list.join('')}</dl></header>`,
  ].join('\n');
}

function grouped(value: number): string {
  return value.toLocaleString('en');
}

function clip(text: string): string {
  return text.length > MAX_TITLE ? `${text.slice(0, MAX_TITLE)}\u2026` : text;
}

function button(id: string, text: string, hint: string, pressed?: boolean): string {
  const state = pressed === undefined ? '' : ` aria-pressed="${pressed}"`;
  return `<button type="button" id="${id}" title="${hint}"${state}>${text}</button>`;
}

const outcome = (name: string) => `<span><span class="dot ${name}"></span>${name}</span>`;

/** @param isHidden until there is something to show */
const emptyText = (isHidden: boolean): string =>
  `<p class="empty" id="empty"${hidden(isHidden)}>No processes were recorded.</p>`;

const hidden = (isHidden: boolean): string => (isHidden ? ' hidden' : '');

/** @param isHidden until there is something to show */
const body = (isHidden: boolean): string =>
  [
    `<div class="toolbar" id="toolbar"${hidden(isHidden)}>`,
    '<div class="choice" role="group" aria-label="View">',
    button('show-timeline', 'Timeline', 'A bar for each process (t)', true),
    button('show-table', 'Table', 'All processes as a table (t)', false),
    '</div>',
    '<div class="choice" role="group" aria-label="Colour by"><span>Colour by</span>',
    button('by-program', 'Program', 'The same program, the same colour', true),
    button('by-outcome', 'Outcome', 'How each process ended', false),
    '</div>',
    `<div class="legend" id="outcomes" hidden>${['ok', 'failed', 'killed', 'running'].map(outcome).join('')}</div>`,
    button('critical', 'Critical path', 'What the end waited for (c)', false),
    '<div class="search" role="search">',
    '<input type="search" id="search" placeholder="Search: program, argument, path, pid (/)" aria-label="Search processes" title="Enter goes to the next" spellcheck="false" autocomplete="off">',
    '<output id="result" aria-live="polite"></output></div>',
    '<button type="button" id="reset" title="Show all (0)" aria-disabled="true">Reset zoom</button>',
    // In a frame it is the choice of the page around it.
    isHidden
      ? '<button type="button" id="theme" hidden></button>'
      : button('theme', 'Dark', 'Dark or light', false),
    '</div>',
    `<main id="main"${hidden(isHidden)}>`,
    '<section class="view" id="timeline-view" aria-label="Timeline">',
    '<div id="strip" title="Processes at work, without those that wait for a child"><canvas id="strip-canvas" width="1" height="1"></canvas></div>',
    '<div class="scroller" id="chart-scroller" tabindex="0" role="application" aria-label="Timeline of processes. Arrow keys move, plus and minus zoom, n goes to the next that is found; the table has the same for reading.">',
    '<canvas id="chart-canvas" width="1" height="1"></canvas><div id="chart-spacer"></div></div>',
    '</section>',
    '<section class="view" id="table-view" aria-label="Table" hidden>',
    '<div class="caption" id="table-count" role="status"></div>',
    '<div class="scroller" id="table-scroller" tabindex="0" role="group" aria-label="Processes. Arrow keys move, headings sort.">',
    '<table id="table"><thead><tr id="table-head"></tr></thead><tbody id="table-body"></tbody></table></div>',
    '</section>',
    '<aside id="details" aria-label="Details" tabindex="0"></aside>',
    '</main>',
    `<footer id="footer"${hidden(isHidden)}>`,
    '<div id="status" role="status"></div>',
    '<div class="keys">wheel zooms \u00b7 Shift-wheel or drag moves \u00b7 / search \u00b7 n next \u00b7 c critical path \u00b7 Esc back</div></footer>',
    '<noscript>The timeline is drawn by a script, which this browser does not run.</noscript>',
  ].join('\n');
