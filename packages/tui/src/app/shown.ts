/**
 * What is shown at a moment: which view, of what, with which words at the foot. Keys change it
 * (pressed-keys.ts), and a picture is made of it (picture.ts).
 */

import type { ProfileStack } from '@waggle/formats';
import type { Measure } from '../model/measures.ts';
import type { Recording } from '../model/recording.ts';
import { EventsView } from '../views/events.ts';
import { FlameView } from '../views/flame.ts';
import { FunctionsView } from '../views/functions.ts';
import { OutputView } from '../views/output.ts';
import { ProcessesView } from '../views/processes.ts';
import type { Shared, View, ViewName } from '../views/view.ts';
import type { LineInput } from './line-input.ts';
import { LiveData, type LiveDataOptions } from './live-data.ts';
import { Replay } from './replay.ts';
import { Selection } from './selection.ts';
import type { Settings } from './settings.ts';

export interface TopOptions extends LiveDataOptions {
  /** Arguments whole from the beginning. */
  readonly reveal: boolean;
  userName(uid: number): string;
  /** Arguments as a shell reads them, in one line that no terminal acts upon. */
  commandLine(argv: readonly string[]): string;
  /** Writes what is shown; says where, or what went wrong. @param opens it is to be seen in the person's browser then */
  save(
    stacks: readonly ProfileStack[],
    path: string,
    measure: Measure,
    opens: boolean,
  ): Promise<string>;
  copy(text: string): void;
  /**
   * From now on samples of this measure are wanted, beside those of CPUs, and of no other. Says why there are
   * none, if that is so. Without it there are samples of CPUs alone.
   */
  measure?(measure: Measure): string | undefined;
  /** There is a command with a terminal of its own, which is a view. */
  readonly hasOutput?: boolean | undefined;
  /** What was recorded is shown, beginning at that moment (ms since 1970), and not what happens. */
  readonly replay?: { readonly recording: Recording; readonly at: number } | undefined;
  /** Of the last time. */
  readonly settings?: Partial<Settings> | undefined;
}

const MESSAGE_MS = 4000;

export class Shown {
  readonly options: TopOptions;
  readonly data: LiveData;
  readonly selection: Selection;
  /** Undefined where what happens is shown. */
  readonly replay: Replay | undefined;
  readonly flame = new FlameView();
  readonly functions = new FunctionsView();
  readonly output = new OutputView();
  readonly views: readonly View[];
  view: View;
  /** Arguments are shown whole. */
  reveal: boolean;
  /** All keys are shown in place of the view. */
  help = false;
  /** What is typed at the foot. */
  input: LineInput | undefined;
  message: { readonly text: string; readonly until: number } | undefined;
  quit = false;
  /** Everything is to be drawn anew, after something else wrote on the terminal. */
  redraw = false;
  /** On the screen. */
  pids: readonly number[] = [];

  constructor(options: TopOptions, now: number) {
    this.options = options;
    this.reveal = options.reveal;
    this.data = new LiveData(options, now);
    const { replay } = options;
    this.replay = replay && new Replay(this.data, replay.recording, replay.at);
    this.selection = new Selection(this.data, {
      userName: options.userName,
      commandText: (argv) => this.commandText(argv),
    });
    const views = [new ProcessesView(), this.flame, this.functions, new EventsView()];
    this.views = options.hasOutput === true ? [...views, this.output] : views;
    this.view = this.views[0] as View;
    const { settings = {} } = options;
    if (settings.mode !== undefined) this.data.samples.setMode(settings.mode);
    for (const view of this.views) view.choose?.(settings.views?.[view.name] ?? {});
  }

  /** Every key but one is the command's. */
  get isTyping(): boolean {
    return this.view === this.output && !this.help && this.output.isTyping;
  }

  /** Who is on the screen, and whether more is to be known of all. */
  get lookedAt(): { readonly pids: readonly number[]; readonly all: boolean } {
    return { pids: this.pids, all: this.selection.filter !== '' };
  }

  say(text: string): void {
    this.message = { text, until: Date.now() + MESSAGE_MS };
  }

  commandText(argv: readonly string[]): string {
    if (this.reveal || argv.length < 2) return this.options.commandLine(argv);
    const rest = argv.length - 1;
    return `${this.options.commandLine(argv.slice(0, 1))} (+${rest} ${rest === 1 ? 'argument' : 'arguments'})`;
  }

  /** What views know of each other and of the host. */
  shared(): Shared {
    return {
      processes: this.data.processes,
      samples: this.data.samples,
      measure: this.data.measures.shown,
      cpuSamples: this.data.measures.of('cpu'),
      setFrames: (keepsFrame) => this.data.measures.setFrames(keepsFrame),
      events: this.data.events,
      now: this.data.now,
      version: this.data.version,
      frequencyHz: this.options.frequencyHz,
      filter: this.selection.filter,
      scope: this.selection.scope,
      reveal: this.reveal,
      userName: (uid) => this.options.userName(uid),
      commandText: (argv) => this.commandText(argv),
      passes: (row) => this.selection.passes(row),
      go: (name) => this.#go(name),
      setScope: (pid) => this.selection.setScope(pid),
      say: (message) => this.say(message),
      copy: (text) => this.options.copy(text),
      show: (pids) => {
        this.pids = pids;
      },
    };
  }

  #go(name: ViewName): void {
    this.view = this.views.find((view) => view.name === name) ?? this.view;
  }
}
