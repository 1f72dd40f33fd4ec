/** What keys and clicks do that are no view's own. */

import { MEASURE_TITLES, type Measure } from '../model/measures.ts';
import { LEAVE_KEY } from '../views/output.ts';
import type { Key, View } from '../views/view.ts';
import { LineInput } from './line-input.ts';
import { nextMode, otherWindow } from './modes.ts';
import { pressInReplay } from './replay-keys.ts';
import type { Shown } from './shown.ts';

export class PressedKeys {
  /** Which key stands for which other one. */
  readonly own: ReadonlyMap<Key, Key>;
  readonly #shown: Shown;

  constructor(shown: Shown, own: Readonly<Record<Key, Key>>) {
    this.#shown = shown;
    this.own = new Map(Object.entries(own));
  }

  press(pressed: Key): void {
    const shown = this.#shown;
    if (shown.isTyping) {
      // Whoever has the command's terminal gives it the others.
      if (pressed === LEAVE_KEY) shown.output.stopTyping();
      return;
    }
    if (shown.input !== undefined) {
      if (shown.input.press(pressed)) shown.input = undefined;
      return;
    }
    const key = this.own.get(pressed) ?? pressed;
    if (shown.help) {
      shown.help = false;
      if (key === '?' || key === 'escape' || key === 'q') return;
    }
    if (shown.replay !== undefined && pressInReplay(key, shown, shown.replay)) return;
    if (shown.view.press(key, shown.shared())) return;
    this.#pressCommon(key);
  }

  /** Columns and rows of the screen. */
  click(x: number, y: number, twice: boolean): void {
    const shown = this.#shown;
    if (shown.input !== undefined || shown.help) return;
    if (y === 1) this.#clickTab(x);
    if (y >= 2) shown.view.click?.(x, y - 2, twice, shown.shared());
  }

  #clickTab(x: number): void {
    let at = 0;
    this.#shown.views.forEach((view, index) => {
      const width = ` ${index + 1} ${view.title} `.length;
      if (x >= at && x < at + width) this.#shown.view = view;
      at += width;
    });
  }

  #pressCommon(key: Key): void {
    const index = this.#shown.views.indexOf(this.#shown.view);
    const count = this.#shown.views.length;
    const chosen = this.#shown.views[Number(key) - 1];
    if (chosen !== undefined) {
      this.#shown.view = chosen;
      return;
    }
    switch (key) {
      case 'tab':
        this.#shown.view = this.#shown.views[(index + 1) % count] as View;
        return;
      case 'shift+tab':
        this.#shown.view = this.#shown.views[(index + count - 1) % count] as View;
        return;
      case '/':
        this.#shown.input = new LineInput(
          'filter: ',
          this.#shown.selection.filter,
          (text) => this.#shown.selection.setFilter(text),
          () => {},
        );
        return;
      case 'f':
        this.#askWhatToFind();
        return;
      case 'escape':
        this.#escape();
        return;
      case 'space':
        if (this.#shown.data.isHeld) this.#shown.data.goOn(Date.now());
        else this.#shown.data.hold();
        return;
      case 'm':
        this.#shown.data.samples.setMode(nextMode(this.#shown.data.samples.mode));
        return;
      case '[':
      case ']':
        this.#shown.data.samples.setMode(
          otherWindow(this.#shown.data.samples.mode, key === ']' ? 1 : -1),
        );
        return;
      case 'o':
        this.#measure('off-cpu');
        return;
      case 'w':
        this.#measure('wall');
        return;
      case 'T':
        this.#tellThreadsApart();
        return;
      case 'r':
        this.#shown.data.samples.reset(this.#shown.data.now);
        this.#shown.say('forgotten: sampling begins anew');
        return;
      case 'R':
        this.#shown.reveal = !this.#shown.reveal;
        this.#shown.say(
          this.#shown.reveal
            ? 'arguments are shown, with what secrets they hold'
            : 'arguments are hidden',
        );
        return;
      case 's':
        this.#askWhereToSave(false);
        return;
      case 'S':
        this.#askWhereToSave(true);
        return;
      case '?':
        this.#shown.help = true;
        return;
      case 'ctrl+l':
        this.#shown.redraw = true;
        return;
      case 'q':
      case 'ctrl+c':
        this.#shown.quit = true;
    }
  }

  /** Another measure, or back to that of CPUs. */
  #measure(measure: Measure): void {
    const { measures, now } = this.#shown.data;
    const wanted = measures.shown === measure ? 'cpu' : measure;
    const problem =
      this.#shown.options.measure === undefined
        ? 'only time on the CPU is measured here'
        : this.#shown.options.measure(wanted);
    if (problem !== undefined) {
      this.#shown.say(problem);
      return;
    }
    measures.show(wanted, now);
    this.#shown.say(
      wanted === 'cpu' ? 'time on the CPU' : `${MEASURE_TITLES[wanted]}: measured from now`,
    );
    if (this.#shown.view !== this.#shown.functions) this.#shown.view = this.#shown.flame;
  }

  #tellThreadsApart(): void {
    if (this.#shown.options.threadFrames !== true) {
      this.#shown.say('threads are not told apart here');
      return;
    }
    this.#shown.data.threadsApart = !this.#shown.data.threadsApart;
    this.#shown.say(
      this.#shown.data.threadsApart
        ? 'threads are told apart from now on; r forgets what was before'
        : 'threads are put together from now on; r forgets what was before',
    );
  }

  #escape(): void {
    if (this.#shown.view.escape?.(this.#shown.shared())) return;
    if (this.#shown.selection.filter !== '') this.#shown.selection.setFilter('');
    else this.#shown.selection.setScope(undefined);
  }

  #askWhatToFind(): void {
    const view =
      this.#shown.view === this.#shown.functions ? this.#shown.functions : this.#shown.flame;
    this.#shown.view = view;
    const find = (text: string): void => {
      view.find = text.toLowerCase();
    };
    this.#shown.input = new LineInput('find: ', view.find, find, () => {});
  }

  /** @param opens it is seen in the browser then */
  #askWhereToSave(opens: boolean): void {
    const stamp = new Date(this.#shown.data.now).toTimeString().slice(0, 8).replaceAll(':', '');
    const save = (path: string): void => {
      if (path.trim() === '') return;
      const stacks = this.#shown.data.samples.stacks();
      this.#shown.say(`saving ${path}`);
      this.#shown.options.save(stacks, path, this.#shown.data.measures.shown, opens).then(
        (where) => this.#shown.say(where),
        (error: unknown) => this.#shown.say(error instanceof Error ? error.message : String(error)),
      );
    };
    const prompt = opens ? OPEN_AS : SAVE_AS;
    this.#shown.input = new LineInput(prompt, `top-${stamp}.html`, () => {}, save);
  }
}

const SAVE_AS = 'save as (.html .svg .pb.gz .folded .speedscope.json .json .otlp): ';
const OPEN_AS = 'save and open in the browser (.html .svg): ';
