/**
 * The elements of the page, which its script finds by their ids. It has no data, and loads nothing from elsewhere.
 */

import { EVENT_KINDS } from '@waggle/core';

// A bar that grows, twice.
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#e8590c" d="M1 9h4v6H1z"/><path fill="#f59f4c" d="M6 5h4v10H6z"/><path fill="#fbc36b" d="M11 1h4v14h-4z"/></svg>',
)}`;

function button(id: string, text: string, hint: string, pressed?: boolean): string {
  const state = pressed === undefined ? '' : ` aria-pressed="${pressed}"`;
  return `<button type="button" id="${id}" title="${hint}"${state}>${text}</button>`;
}

function tab(name: string, text: string, hint: string): string {
  return (
    `<button type="button" role="tab" id="tab-${name}" aria-controls="view-${name}" aria-selected="false" ` +
    `tabindex="-1" title="${hint}">${text}</button>`
  );
}

const WINDOWS = [
  [10, 'the last 10 s'],
  [60, 'the last minute'],
  [300, 'the last 5 minutes'],
  [0, 'all that is kept'],
] as const;

const HEADER = [
  '<header>',
  '<h1 id="host">waggle</h1>',
  '<div id="connection" role="status" class="state connecting">connecting</div>',
  '<div class="choice" role="group" aria-label="Time" id="time-live">',
  button('live', 'Live', 'Follow what happens now (l)', true),
  button('pause', 'Pause', 'Keep what is shown (space)', false),
  '</div>',
  `<label class="field" id="window-field">Window <select id="window">${WINDOWS.map(
    ([seconds, text]) => `<option value="${seconds}">${text}</option>`,
  ).join('')}</select></label>`,
  '<label class="field" id="moment-field" hidden>At <input type="datetime-local" id="moment" step="1"></label>',
  '<div class="choice" role="group" aria-label="Zoom" id="zoom" hidden>',
  button('zoom-in', 'Zoom to span', 'The strip shows the span alone (z); a wheel zooms too'),
  button('zoom-out', 'Whole time', 'The strip shows all that was recorded (a)'),
  '</div>',
  '<div class="grow"></div>',
  '<details id="download"><summary id="download-summary">Download</summary><ul id="download-list"></ul></details>',
  button(
    'link',
    'Copy link',
    'The address of this span and view; who opens it needs the token too',
  ),
  button('theme', 'Dark', 'Dark or light', false),
  '</header>',
].join('\n');

const OVERVIEW = [
  '<section id="overview" aria-label="Activity">',
  '<div class="captions"><span id="cpu-now"></span><span id="activity-now"></span><span id="loss" class="bad" role="status"></span><span class="grow"></span><span id="kept" class="bad" role="status"></span><span id="span-text" role="status"></span><span id="zone" title="The zone of all times on this page"></span>',
  button(
    'compare-with',
    'Compare with this span',
    'The next span that you choose is compared with this one (b)',
  ),
  button('unscope', 'All processes', 'Show all processes again'),
  '</div>',
  '<div id="strip" tabindex="0" role="slider" aria-label="Span of time. Arrow keys move it, Shift with an arrow key makes it longer or shorter, Escape goes live." aria-valuemin="0" aria-valuemax="0" aria-valuenow="0" aria-valuetext="live">',
  '<canvas id="strip-canvas" width="1" height="1"></canvas></div>',
  '</section>',
].join('\n');

const PROCESSES = [
  '<section id="processes" aria-label="Processes">',
  '<div class="bar"><input type="search" id="process-filter" placeholder="Filter processes" aria-label="Filter processes by name, argument or pid" spellcheck="false" autocomplete="off">',
  button('as-tree', 'Tree', 'Below their parents, or by CPU', true),
  '</div>',
  '<div class="scroller" id="process-scroller" tabindex="0" role="treegrid" aria-label="Processes. Arrow keys move, Enter shows only that process and what is below it." aria-colcount="3">',
  '<div class="row head" role="row"><span role="columnheader" class="number">CPU</span><span role="columnheader" class="number">PID</span><span role="columnheader">Process</span></div>',
  '<div id="process-rows" role="rowgroup"></div></div>',
  '<div class="caption" id="process-count"></div>',
  '</section>',
].join('\n');

const EVENTS = [
  '<section class="view" id="view-events" role="tabpanel" aria-labelledby="tab-events" hidden>',
  '<div class="bar" role="search">',
  ...EVENT_KINDS.map(
    (kind) =>
      `<label class="check"><input type="checkbox" class="kind" value="${kind}" checked>${kind}</label>`,
  ),
  '<label class="check"><input type="checkbox" id="only-failed">only failures</label>',
  '<input type="search" id="event-filter" placeholder="Text in events (/)" aria-label="Only events with this text" spellcheck="false" autocomplete="off">',
  '<output id="event-count" aria-live="off"></output></div>',
  '<div class="scroller" id="event-scroller" tabindex="0" role="group" aria-label="Events, the newest first">',
  '<table><thead><tr><th scope="col">Time</th><th scope="col">Event</th><th scope="col" class="number">PID</th><th scope="col">Process</th><th scope="col">What</th></tr></thead><tbody id="event-rows"></tbody></table><div id="event-spacer"></div>',
  '</div></section>',
].join('\n');

function framed(name: string, title: string): string {
  return (
    `<section class="view" id="view-${name}" role="tabpanel" aria-labelledby="tab-${name}" hidden>` +
    `<p class="hint" id="${name}-hint" role="status"></p>` +
    `<div class="frames" id="${name}-frames" data-title="${title}"></div></section>`
  );
}

const LOGIN = [
  '<dialog id="login" aria-labelledby="login-title"><form id="login-form">',
  '<h2 id="login-title">A token is needed</h2>',
  '<p>Open the URL that <code>waggle serve</code> printed, or give the token that stands in it. After a restart there is another one, unless it was started with <code>--token-file</code>.</p>',
  '<label class="field">Token <input type="password" id="token" autocomplete="off" spellcheck="false"></label>',
  '<p id="login-problem" class="bad" role="alert"></p>',
  '<button type="submit">Go on</button></form></dialog>',
].join('\n');

export function document(): string {
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    '<title>waggle</title>',
    `<link rel="icon" href="${ICON}">`,
    '<link rel="stylesheet" href="page.css">',
    '<script src="page.js" defer></script>',
    '</head>',
    '<body>',
    HEADER,
    '<div id="notice" role="alert" hidden></div>',
    OVERVIEW,
    '<main>',
    PROCESSES,
    '<div id="views">',
    '<div class="tabs" role="tablist" aria-label="View">',
    tab('flame', 'Flame graph', 'Flame graph, functions and sandwich of the span (1)'),
    tab('timeline', 'Timeline', 'What began and ended in the span (2)'),
    tab('events', 'Events', 'Events of the span (3)'),
    tab('compare', 'Compare', 'How the span differs from another (4)'),
    '</div>',
    framed('flame', 'Flame graph of the span'),
    framed('timeline', 'Timeline of the span'),
    EVENTS,
    framed('compare', 'Difference of two spans'),
    '</div>',
    '</main>',
    LOGIN,
    '<noscript>This page is drawn by a script, which this browser does not run.</noscript>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}
