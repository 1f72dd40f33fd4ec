// The plugin that blacks out secrets in events before anyone observes them: in arguments, and in
// whatever else of an event a program chose, since a command line may stand in any of them (a failed
// exec of `mysql --password=x` as one word has it in its path).

import { cutArguments } from '../../events/cut-arguments.ts';
import type {
  EventDraft,
  ExecDetail,
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
} from '../../events/process-event.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { ProcessMetadata } from '../process-metadata/index.ts';
import { REDACTED, redactArguments, redactText } from './redact-arguments.ts';

export { cutArguments } from '../../events/cut-arguments.ts';
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

class Redactor {
  readonly #patterns: readonly RegExp[];

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
        : redactText(entry, this.#patterns),
    );
  }

  /** Arguments, path and names. */
  call(event: EventDraft<ExecEvent> | EventDraft<ExitEvent> | EventDraft<FailedExecEvent>): void {
    if (event.argv !== null)
      event.argv = redactArguments(event.argv, this.#patterns, { isCut: cutArguments(event) });
    this.names(event, event.event === 'failed-exec' ? null : event.filename);
    if (event.filename !== null) event.filename = redactText(event.filename, this.#patterns);
  }

  /** @param filename of the program, whose last component's first 15 bytes are the name. */
  names(event: { comm: string; parentComm: string | null }, filename: string | null): void {
    const program = filename?.slice(filename.lastIndexOf('/') + 1) ?? '';
    const isPart = program !== '' && program.startsWith(event.comm);
    event.comm =
      isPart && redactText(program, this.#patterns) !== program
        ? REDACTED
        : redactText(event.comm, this.#patterns);
    if (event.parentComm !== null) event.parentComm = redactText(event.parentComm, this.#patterns);
  }

  #detail(detail: ExecDetail): ExecDetail {
    const { exe, cwd, interpreter } = detail;
    return {
      ...detail,
      exe: redactText(exe, this.#patterns),
      cwd: redactText(cwd, this.#patterns),
      interpreter: interpreter === undefined ? undefined : redactText(interpreter, this.#patterns),
    };
  }
}
