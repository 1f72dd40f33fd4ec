/** The elements of the page, which the script finds by their ids. What it says is there without it. */

import { wholePage } from '@waggle/text/page';
import { source as script } from '../generated/html-viewer.ts';
import { escapeHtml, jsonForScript } from './escape.ts';
import type { Fact, PageData } from './page-data.ts';
import { pageStyle } from './style.ts';

export interface PageContent {
  readonly title: string;
  readonly facts: readonly Fact[];
  /** HTML. */
  readonly legend: readonly string[];
  /** `undefined` without samples: then there is nothing to show. */
  readonly data: PageData | undefined;
}

// Three boxes of a flame graph.
const ICON =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#e8590c" d="M1 11h14v4H1z"/><path fill="#f59f4c" d="M1 6h9v4H1z"/><path fill="#fbc36b" d="M4 1h4v4H4z"/></svg>',
  );

function button(id: string, text: string, hint: string, pressed?: boolean): string {
  const state = pressed === undefined ? '' : ` aria-pressed="${pressed}"`;
  return `<button type="button" id="${id}" title="${hint}"${state}>${text}</button>`;
}

function stateChoice(states: PageData['states'] = []): string[] {
  // One alone is all that there is.
  if (states.length < 2) return [];
  const buttons = states.map(({ name }, index) =>
    button(`state-${index}`, name, `Show or hide threads that were ${name}`, true),
  );
  return [
    `<div class="choice" role="group" aria-label="Where threads were"><span>State</span>${buttons.join('')}</div>`,
  ];
}

function toolbar(isCompared: boolean, states: PageData['states']): string {
  const sizes = [
    button('size-by-after', 'After', 'Boxes as wide as shares in the profile after', true),
    button('size-by-before', 'Before', 'Boxes as wide as shares before, with what is gone', false),
  ];
  return [
    '<div class="toolbar">',
    '<div class="choice" role="group" aria-label="View">',
    button('show-graph', 'Flame graph', 'All samples, callers above their callees', true),
    button('show-sandwich', 'Sandwich', 'One function: its callers and its callees (s)', false),
    '</div>',
    ...(isCompared
      ? [
          `<div class="choice" role="group" aria-label="Sized by"><span>Sized by</span>${sizes.join('')}</div>`,
        ]
      : []),
    ...stateChoice(states),
    '<div class="search" role="search">',
    '<input type="search" id="search" placeholder="Search: text or /regular expression/ (Ctrl-F)" ' +
      'aria-label="Search functions; a regular expression between slashes" ' +
      'title="Enter zooms to the largest match, then to the next" spellcheck="false" autocomplete="off">',
    '<output id="result" aria-live="polite"></output>',
    '</div>',
    '<button type="button" id="reset" title="Show all samples (Escape)" aria-disabled="true">Reset zoom</button>',
    button('flip', 'Flip', 'Root at the bottom or at the top (i)', false),
    button('toggle-functions', 'Functions', 'Show or hide the table of functions', true),
    button('theme', 'Dark', 'Dark or light', false),
    '</div>',
  ].join('\n');
}

function chart(name: string, label: string): string {
  return (
    `<div class="scroller chart" id="${name}-scroller" tabindex="0" role="application" aria-label="${label}">` +
    `<canvas id="${name}-canvas" width="1" height="1"></canvas><div id="${name}-spacer"></div></div>`
  );
}

function body({ compared, states }: PageData): string {
  const isCompared = compared !== undefined;
  const keys = 'Arrow keys move, Enter zooms, Backspace one caller out.';
  return [
    toolbar(isCompared, states),
    '<main id="main">',
    `<section id="functions" aria-label="Functions"${isCompared ? ' class="comparing"' : ''}>`,
    '<div class="scroller" id="functions-scroller" tabindex="0" role="group" aria-label="Functions. Arrow keys move, Enter marks, s opens the sandwich.">',
    '<table id="functions-table"><thead><tr id="functions-head"></tr></thead><tbody id="functions-body"></tbody></table>',
    '</div><div class="caption" id="functions-count"></div></section>',
    '<div id="divider" role="separator" tabindex="0" aria-label="Width of the table" aria-valuemin="12" aria-valuemax="80" aria-valuenow="36"></div>',
    '<div class="views">',
    '<section class="view" id="graph-view" aria-label="Flame graph">',
    chart('graph', `Flame graph. ${keys}`),
    '</section>',
    '<section class="view" id="sandwich-view" aria-label="Sandwich" hidden>',
    '<p class="hint" id="sandwich-hint">Select a function in the table to see who calls it and what it calls. In a graph, Shift-click does the same.</p>',
    '<div class="charts" id="sandwich-charts" hidden>',
    '<div class="subject"><strong id="sandwich-name"></strong><div id="sandwich-share"></div></div>',
    '<div class="caption">Callers, the function at the bottom</div>',
    chart('callers', `Callers. ${keys}`),
    '<div class="caption">Callees, the function at the top</div>',
    chart('callees', `Callees. ${keys}`),
    '</div></section>',
    '</div></main>',
    '<footer><div id="status" role="status"></div>',
    '<div class="keys">click zooms \u00b7 Shift-click: sandwich \u00b7 / search \u00b7 i flip \u00b7 Esc back</div></footer>',
    '<div id="tooltip" role="tooltip" hidden></div>',
    '<noscript>The graph is drawn by a script, which this browser does not run.</noscript>',
  ].join('\n');
}

function header({ title, facts, legend, data }: PageContent): string {
  const entries = facts.map(({ name, value, className }) => {
    const text = escapeHtml(value);
    const group = className === undefined ? '<div>' : `<div class="${className}">`;
    return `${group}<dt>${escapeHtml(name)}</dt><dd title="${text}">${text}</dd></div>`;
  });
  return [
    `<header${data?.compared === undefined ? '' : ' class="comparing"'}><div class="heading">`,
    `<h1 title="${escapeHtml(title)}">${escapeHtml(title)}</h1>`,
    `<dl class="facts" id="facts">${entries.join('')}</dl></div>`,
    `<ul class="legend">${legend.map((entry) => `<li>${entry}</li>`).join('')}</ul>`,
    '</header>',
  ].join('\n');
}

/** The whole document. */
export function pageOf(content: PageContent): string {
  const { title, data } = content;
  return wholePage({
    title: escapeHtml(title),
    icon: ICON,
    style: pageStyle(),
    script,
    body: [
      header(content),
      ...(data === undefined
        ? ['<main><p class="empty">No samples were recorded.</p></main>']
        : [
            body(data),
            `<script type="application/json" id="data">${jsonForScript(data)}</script>`,
            `<script>${script}</script>`,
          ]),
    ],
  });
}
