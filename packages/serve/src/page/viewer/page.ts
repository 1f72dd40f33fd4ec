/**
 * The page as a whole: keeps what is shown, asks for it, and has all views show the same span of the same
 * processes.
 */

import { createCaptions } from './captions.ts';
import { type ConnectionState, connect, type Hello, type Tick } from './connection.ts';
import { connectControls } from './controls.ts';
import { finder, type PageInput, type PageWindow } from './dom.ts';
import { createDownloads } from './downloads.ts';
import { createEventFeed } from './event-feed.ts';
import { createEvents } from './events.ts';
import { createFramedViews } from './framed-views.ts';
import { createLogin } from './login.ts';
import { createLookedAt } from './looked-at.ts';
import { type Activity, createOverview, type Second } from './overview.ts';
import { createProcesses } from './processes.ts';
import { queryOf, Refusal, serverOf } from './server.ts';
import { readState, type ScopedProcess, type Span, VIEWS, type View, writeState } from './state.ts';
import { localText, safeText } from './texts.ts';
import { createTheme } from './theme.ts';

/** Of a wide span there is much to ask for. */
const WIDE_EVERY_MS = 2500;
/** A list of more processes than one reads is asked for every other time. */
const MANY_PROCESSES = 500;
const MANY_EVERY_MS = 2000;
/** Of a recording, in the strip. */
const MIN_RANGE_MS = 20_000;

export function runPage(window: PageWindow): void {
  const { document } = window;
  const find = finder(window);
  const token = new window.URLSearchParams(window.location.hash.slice(1)).get('token');
  const state = readState(window);
  const server = serverOf(window);
  const lookedAt = createLookedAt(state);
  const { now, whole, span, isFollowing } = lookedAt;
  let refreshedAt = 0;
  let listedAt = 0;
  /** Which question is the newest: answers to older ones are not shown. */
  let asked = 0;
  let isBusy = false;

  const views = createFramedViews(window, server, state, lookedAt);
  const downloads = createDownloads(window, server);
  const overview = createOverview(window, {
    chose: (span) => choose(span),
    live: () => goLive(),
    zoom: zoomAround,
  });
  const processes = createProcesses(window, { chose: (process) => setScope(process) });
  const captions = createCaptions(window, state, lookedAt, overview, processes.nameOf);
  const events = createEvents(window, state, {
    filtered(filter) {
      Object.assign(state, filter);
      remember();
      events.clear();
      void feed.load();
    },
  });
  const connection = connect(window, server, {
    state: showConnection,
    hello: (said, isAnother) => void begin(said, isAnother),
    tick: take,
    problem: notice,
    refused: () => login.ask(''),
  });
  const feed = createEventFeed({ server, connection, events, state, lookedAt, notice });
  const login = createLogin(window, server, () => connection.start());
  const theme = createTheme(window, () => {
    overview.fit();
    if (lookedAt.hello !== undefined) void refresh(true);
  });

  function remember(): void {
    writeState(window, state);
  }

  function showConnection(to: ConnectionState): void {
    const shown = find('connection');
    const texts: Record<ConnectionState, string> = {
      connecting: 'connecting',
      open: lookedAt.isRecorded ? 'recording' : isFollowing() ? 'live' : 'paused',
      reconnecting: 'reconnecting',
      refused: 'no token',
    };
    if (shown.textContent !== texts[to]) shown.textContent = texts[to];
    shown.className = `state ${to}`;
  }

  function notice(text: string): void {
    find('notice').textContent = text;
    find('notice').hidden = text === '';
  }

  async function begin(said: Hello, isAnother: boolean): Promise<void> {
    lookedAt.begin(said);
    const subject = [said.host, said.target].filter((text) => text !== null);
    const title = safeText(subject.join(' \u00b7 '));
    document.title = `${title} \u00b7 waggle`;
    find('host').textContent = title;
    overview.begin(said.cpus, said.recorded);
    if (said.recorded) state.span ??= lookedAt.end();
    else state.range = undefined;
    remember();
    showControls();
    if (isAnother && !said.recorded) {
      notice('waggle was started anew: what it kept before is gone.');
      state.scope = undefined;
      state.base = undefined;
      state.span = undefined;
      remember();
    }
    overview.clear();
    events.clear();
    feed.hold();
    await loadActivity();
    await refresh(true);
    await feed.load();
  }

  /** Ten times a second at most. */
  function take(tick: Tick): void {
    const isNewCycle = lookedAt.tick(tick);
    if (lookedAt.isRecorded) {
      if (state.range === undefined) void loadActivity();
      showSpan();
      return;
    }
    // Of one process the strip is asked for: what comes by itself is everybody's.
    if (state.scope === undefined) overview.add(tick.activity as readonly Second[]);
    if (isFollowing() && state.view === 'events')
      events.add(tick.events, tick.skipped, span().from);
    showSpan();
    if (isNewCycle && !document.hidden) {
      if (state.scope !== undefined) void loadActivity();
      if (isFollowing()) void refresh(false);
    }
  }

  function showSpan(): void {
    overview.show(lookedAt.range(), span(), isFollowing(), state.base);
    captions.show();
  }

  function showControls(): void {
    const { isRecorded } = lookedAt;
    for (const id of ['time-live', 'window-field']) find(id).hidden = isRecorded;
    for (const id of ['moment-field', 'zoom']) find(id).hidden = !isRecorded;
    find('zoom-out').setAttribute('aria-pressed', String(state.range === undefined));
    if (isRecorded) find<PageInput>('moment').value = localText(span().from);
    find('live').setAttribute('aria-pressed', String(isFollowing()));
    find('pause').setAttribute('aria-pressed', String(!isFollowing()));
    find('unscope').hidden = state.scope === undefined;
    find('compare-with').setAttribute('aria-pressed', String(state.base !== undefined));
    find<PageInput>('window').value = String(state.windowSeconds);
    for (const view of VIEWS) {
      const isShown = view === state.view;
      find(`tab-${view}`).setAttribute('aria-selected', String(isShown));
      find(`tab-${view}`).setAttribute('tabindex', isShown ? '0' : '-1');
      find(`view-${view}`).hidden = !isShown;
    }
    if (lookedAt.hello !== undefined) showConnection('open');
    showSpan();
  }

  async function loadActivity(): Promise<void> {
    try {
      const range = lookedAt.range();
      const activity = await server.json<Activity>('api/activity', queryOf(range, state.scope));
      const { from, to } = lookedAt.range();
      // Where somebody has zoomed meanwhile, another answer comes.
      if (
        lookedAt.isRecorded &&
        state.range !== undefined &&
        (from !== range.from || to !== range.to)
      )
        return;
      overview.load(activity);
      showSpan();
    } catch (error) {
      if (error instanceof Refusal && error.status > 401) notice(error.message);
    }
  }

  /** Processes and the view that is shown. @param isChosen by a person, who waits */
  async function refresh(isChosen: boolean): Promise<void> {
    if (lookedAt.hello === undefined) return;
    const looked = span();
    const isWide = looked.to - looked.from > 60_000;
    if (!isChosen && (isBusy || (isWide && now() - refreshedAt < WIDE_EVERY_MS))) return;
    isBusy = true;
    refreshedAt = now();
    const question = ++asked;
    const query = queryOf(looked, state.scope);
    if (isChosen) downloads.show(looked, state.scope, state.base);
    try {
      const isWanted = () => question === asked;
      const isMany = processes.count() > MANY_PROCESSES;
      const isListed = isChosen || !isMany || now() - listedAt >= MANY_EVERY_MS;
      if (isListed) listedAt = now();
      const list = isListed ? server.text('api/processes', queryOf(looked, undefined)) : undefined;
      await views.show(query, theme.current, isChosen, isWanted);
      if (list !== undefined) await processes.show(await list, state.scope, isWanted);
      if (isWanted()) showSpan();
    } catch (error) {
      if (question !== asked) return;
      if (error instanceof Refusal && error.code === 'no-such-process') leaveScope(error.message);
      else if (error instanceof Refusal && error.code === 'span-not-kept') showNothing();
      else if (error instanceof Refusal && error.status !== 0 && error.status !== 401)
        notice(error.message);
    } finally {
      if (question === asked) isBusy = false;
    }
  }

  /** What was shown of the span before would look as if it were what was asked for. */
  function showNothing(): void {
    const why =
      'Nothing is kept of this span any more: choose a later one above, or go back to Live.';
    views.clear(why);
    processes.clear();
    events.clear(why);
    showSpan();
  }

  /** Somebody chose something else: what was said of before no longer matters. */
  function reload(): void {
    notice('');
    remember();
    showControls();
    void refresh(true);
    void feed.load();
  }

  function choose(chosen: Span): void {
    state.span = chosen;
    if (state.base !== undefined) state.view = 'compare';
    reload();
  }

  function goLive(): void {
    state.span = lookedAt.isRecorded ? lookedAt.end() : undefined;
    reload();
  }

  /** Of a recording: what the strip shows. */
  function setRange(range: Span | undefined): void {
    if (!lookedAt.isRecorded) return;
    state.range = range;
    remember();
    showControls();
    void loadActivity();
  }

  function zoomAround(factor: number, around: number): void {
    const all = whole();
    const { from, to } = lookedAt.range();
    const length = Math.max(MIN_RANGE_MS, (to - from) * factor);
    if (length >= all.to - all.from) {
      setRange(undefined);
      return;
    }
    const left = around - ((around - from) / (to - from)) * length;
    const begin = Math.max(all.from, Math.min(left, all.to - length));
    setRange({ from: begin, to: begin + length });
  }

  function zoomToSpan(): void {
    const { from, to } = span();
    const length = Math.max(MIN_RANGE_MS, (to - from) * 1.2);
    const all = whole();
    const begin = Math.max(all.from, Math.min((from + to - length) / 2, all.to - length));
    setRange(length >= all.to - all.from ? undefined : { from: begin, to: begin + length });
  }

  function goTo(moment: number): void {
    const all = whole();
    const length = span().to - span().from;
    const from = Math.max(all.from, Math.min(moment, all.to - length));
    const range = lookedAt.range();
    const isInView = from >= range.from && from + length <= range.to;
    choose({ from, to: from + length });
    if (!isInView) setRange(undefined);
  }

  function setScope(process: ScopedProcess | undefined): void {
    state.scope = process;
    void loadActivity();
    reload();
  }

  function leaveScope(why: string): void {
    setScope(undefined);
    notice(`${why} All processes are shown.`);
  }

  function setView(view: View): void {
    state.view = view;
    reload();
  }

  connectControls(window, {
    goLive,
    setView,
    remember,
    unscope: () => setScope(undefined),
    zoomToSpan,
    zoomOut: () => setRange(undefined),
    goTo,
    showDownloads: () => downloads.show(span(), state.scope, state.base),
    pause() {
      if (lookedAt.isRecorded) return;
      if (isFollowing()) choose(span());
      else goLive();
    },
    toggleComparison() {
      state.base = state.base === undefined ? span() : undefined;
      if (state.base !== undefined) {
        state.span ??= state.base;
        state.view = 'compare';
      }
      reload();
    },
    setWindow(seconds) {
      state.windowSeconds = seconds;
      goLive();
    },
    search() {
      if (state.view !== 'events') setView('events');
      events.focusFilter();
    },
  });
  window.addEventListener('hashchange', () => {
    const given = new window.URLSearchParams(window.location.hash.slice(1)).get('token');
    Object.assign(state, readState(window));
    if (given === null) reload();
    else {
      remember();
      void login.give(given);
    }
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && isFollowing()) void refresh(false);
  });

  // The token is gone from the address before anything else happens.
  remember();
  theme.show();
  showControls();
  if (token === null) connection.start();
  else void login.give(token);
}
