/** waggle top without a terminal: takes events, samples and keys, and draws on any screen. */

import type { ProcessEvent } from '@waggle/core';
import { BriefEvents } from '@waggle/core/plugins/brief-events';
import type { Screen } from '../screen/screen.ts';
import type { Key } from '../views/view.ts';
import type { LiveData } from './live-data.ts';
import { drawPicture } from './picture.ts';
import { isTooSmall, outputPlaceOf, type Place } from './places.ts';
import { PressedKeys } from './pressed-keys.ts';
import type { Settings } from './settings.ts';
import { Shown, type TopOptions } from './shown.ts';
import { SpokenReport } from './spoken-report.ts';

export class Top {
  readonly #shown: Shown;
  readonly #keys: PressedKeys;
  #spoken: SpokenReport | undefined;
  #drawn = '';

  constructor(options: TopOptions, now: number) {
    this.#shown = new Shown(options, now);
    this.#keys = new PressedKeys(this.#shown, options.settings?.keys ?? {});
  }

  get data(): LiveData {
    return this.#shown.data;
  }

  /** What is to be remembered. */
  get settings(): Settings {
    const views = this.#shown.views.map((view) => [view.name, view.choices?.() ?? {}] as const);
    return {
      views: Object.fromEntries(views.filter(([, choices]) => Object.keys(choices).length > 0)),
      mode: this.data.samples.mode,
      keys: Object.fromEntries(this.#keys.own),
    };
  }

  /** Every key but one is the command's. */
  get isTyping(): boolean {
    return this.#shown.isTyping;
  }

  /** Where on the terminal the command's is to be seen; undefined where another view is. */
  outputPlace(width: number, height: number): Place | undefined {
    const { view, output, help } = this.#shown;
    if (view !== output || help || isTooSmall({ width, height })) return undefined;
    return outputPlaceOf(width, height);
  }

  /** @param how as a shell has it: `code 3`, `SIGKILL` */
  commandEnded(how: string): void {
    this.#shown.output.commandEnded(how);
    this.say(`the command has ended with ${how}; q leaves`);
  }

  get wantsToQuit(): boolean {
    return this.#shown.quit;
  }

  /** Once: whether everything is to be drawn anew, after something else wrote on the terminal. */
  takeRedraw(): boolean {
    const { redraw } = this.#shown;
    this.#shown.redraw = false;
    return redraw;
  }

  addEvents(events: readonly ProcessEvent[], now: number): void {
    this.addBriefEvents(BriefEvents.of(events), now);
  }

  /** As `addEvents`, from the plugin `briefEvents`: no objects are made of what nobody looks at. */
  addBriefEvents(events: BriefEvents, now: number): void {
    if (!this.data.addBriefEvents(events, now))
      this.say('so much happened that it could not be held any longer');
  }

  /** What is to be seen, in words, and what has failed since the last time. */
  report(now: number): string[] {
    const { options, selection } = this.#shown;
    this.#spoken ??= new SpokenReport(this.data, options.frequencyHz, {
      userName: options.userName,
      commandText: (argv) => this.#shown.commandText(argv),
      passes: (row) => !row.kernelThread && selection.passes(row),
    });
    // Of all processes, since none is shown more than another.
    const { replay } = this.#shown;
    if (replay === undefined) this.data.tick(now, [], true);
    else replay.tick({ pids: [], all: true });
    return this.#spoken.lines();
  }

  /** Some times a second: what changes without an event. */
  tick(now: number): void {
    const { replay, lookedAt, selection } = this.#shown;
    if (replay === undefined) {
      this.data.tick(now, lookedAt.pids, lookedAt.all);
      selection.refresh();
      return;
    }
    const isOver = replay.tick(lookedAt);
    selection.refresh();
    if (isOver) this.say('that is the last that is kept: the replay stands');
    const problem = replay.takeProblem();
    if (problem !== undefined) this.say(problem);
  }

  /** Whether a picture of that moment would be another one than the last: figures, the clock, a message. */
  isStale(now: number): boolean {
    const until = this.#shown.message?.until ?? 0;
    const says = Date.now() < until;
    const state = `${this.data.version} ${Math.floor(now / 1000)} ${says ? until : 0}`;
    if (state === this.#drawn) return false;
    this.#drawn = state;
    return true;
  }

  say(text: string): void {
    this.#shown.say(text);
  }

  press(key: Key): void {
    this.#keys.press(key);
  }

  click(x: number, y: number, twice: boolean): void {
    this.#keys.click(x, y, twice);
  }

  draw(screen: Screen): void {
    drawPicture(screen, this.#shown);
  }
}
