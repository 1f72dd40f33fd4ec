/**
 * The plugin that blacks out secrets in events before anyone observes them: in arguments, and in
 * whatever else of an event a program chose, since a command line may stand in any of them (a failed
 * exec of `mysql --password=x` as one word has it in its path).
 */

import {
  cutArguments,
  type EventDraft,
  EXEC_DETAIL_TEXTS,
  type ExecDetail,
  type ExecEvent,
  type ExitEvent,
  type FailedExecEvent,
  type ForkEvent,
  namesOf,
} from '@waggle/events';
import { definePlugin } from '../../plugin/plugin.ts';
import { ProcessMetadata } from '../process-metadata/index.ts';
import { REDACTED, redactArguments, redactText } from './redact-arguments.ts';

export { cutArguments } from '@waggle/events';
export { LIKELY_SECRETS } from './likely-secrets.ts';
export { REDACTED, redactArguments, redactText } from './redact-arguments.ts';

export interface RedactionOptions {
  /** Text in groups goes; where a pattern has none, all that it matches. */
  readonly patterns: readonly RegExp[];
}

/**
 * Blacks out secrets in events: in arguments, environments, paths and names.
 *
 * - Needs: `ProcessMetadata`, since the arguments of what ends come from there.
 * - Provides: nothing; it changes events in the `load` phase. Events only: the cache, which others may ask,
 *   still has the arguments. Put it before plugins that keep what they load from events, as processTree().
 * - Costs: each pattern over each argument: 3 µs an exec for two patterns and ten arguments.
 *
 * ```ts
 * import { createAgent, jsonLines, redaction } from '@waggle/core';
 *
 * await using agent = await createAgent({
 *   plugins: [
 *     redaction({ patterns: [/--(?:password|token)[= ](\S+)/] }),
 *     jsonLines({ write: (text) => void process.stdout.write(text) }),
 *   ],
 * });
 * await agent.finished;
 * ```
 * @throws BadOption for an option that makes no sense.
 */
export const redaction = ({ patterns }: RedactionOptions) =>
  definePlugin({
    name: 'redaction',
    // After it: the arguments of what ends come from there.
    needs: { processes: ProcessMetadata },
    setup: () => {
      const redactor = new Redactor(patterns);
      return {
        load: {
          fork: (event: EventDraft<ForkEvent>) => redactor.names(event, null),
          exec: (event: EventDraft<ExecEvent>) => redactor.exec(event),
          failedExec: (event: EventDraft<FailedExecEvent>) => redactor.call(event),
          exit: (event: EventDraft<ExitEvent>) => redactor.call(event),
        },
      };
    },
  });

/** Texts in which nothing was found. */
const MAX_CLEAN = 4096;
const MAX_CLEAN_LENGTH = 512;

class Redactor {
  readonly #patterns: readonly RegExp[];
  /** A host runs the same programs with the same names on and on: each is looked through once. */
  readonly #clean = new Set<string>();

  constructor(patterns: readonly RegExp[]) {
    this.#patterns = patterns;
  }

  exec(event: EventDraft<ExecEvent>): void {
    this.call(event);
    if (event.detail !== null) event.detail = this.#detail(event.detail);
    if (event.environ === null) return;
    const last = event.environ.length - 1;
    event.environ = event.environ.map((entry, index) =>
      event.environTruncated && index === last
        ? `${entry.slice(0, entry.indexOf('=') + 1)}${REDACTED}`
        : this.#text(entry),
    );
  }

  #text(text: string): string {
    if (this.#clean.has(text)) return text;
    const shown = redactText(text, this.#patterns);
    if (shown === text) this.#isClean(text);
    return shown;
  }

  #arguments(argv: readonly string[], isCut: (index: number) => boolean): readonly string[] {
    // A NUL is in no argument. One that lacks its end is blacked out, whatever is left of it.
    const key = `\0${argv.join('\0')}`;
    if (this.#clean.has(key) && !argv.some((_, index) => isCut(index))) return argv;
    const shown = redactArguments(argv, this.#patterns, { isCut });
    if (shown === argv) this.#isClean(key);
    return shown;
  }

  #isClean(text: string): void {
    if (text.length > MAX_CLEAN_LENGTH) return;
    if (this.#clean.size >= MAX_CLEAN) this.#clean.clear();
    this.#clean.add(text);
  }

  /** Arguments, path and names. */
  call(event: EventDraft<ExecEvent> | EventDraft<ExitEvent> | EventDraft<FailedExecEvent>): void {
    if (event.argv !== null) event.argv = this.#arguments(event.argv, cutArguments(event));
    this.names(event, event.event === 'failed-exec' ? null : event.filename);
    if (event.filename !== null) event.filename = this.#text(event.filename);
  }

  /** @param filename of the program, whose last component's first 15 bytes are the name. */
  names(event: { comm: string; parentComm: string | null }, filename: string | null): void {
    const program = filename?.slice(filename.lastIndexOf('/') + 1) ?? '';
    const isPart = program !== '' && program.startsWith(event.comm);
    event.comm = isPart && this.#text(program) !== program ? REDACTED : this.#text(event.comm);
    if (event.parentComm !== null) event.parentComm = this.#text(event.parentComm);
  }

  #detail(detail: ExecDetail): ExecDetail {
    const texts: Partial<Record<keyof typeof EXEC_DETAIL_TEXTS, string>> = {};
    for (const name of namesOf(EXEC_DETAIL_TEXTS)) {
      const text = detail[name];
      if (text !== undefined) texts[name] = this.#text(text);
    }
    const stdio = detail.stdio.map((file) => this.#text(file));
    return { ...detail, ...texts, stdio };
  }
}
