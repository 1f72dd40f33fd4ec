// The plugin that blacks out secrets in events before anyone observes them.

import type {
  EventDraft,
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
} from '../lifecycle/process-event.ts';
import { ProcessMetadata } from '../metadata/process-metadata.ts';
import { definePlugin } from '../plugin/plugin.ts';
import { redactArguments } from './redact-arguments.ts';

export interface RedactionOptions {
  /** Text in groups goes; where a pattern has none, all that it matches. */
  readonly patterns: readonly RegExp[];
}

/** Events only: the metadata cache, which others may ask, still has the arguments. */
export const redaction = ({ patterns }: RedactionOptions) =>
  definePlugin({
    name: 'redaction',
    // After it: the arguments of what ends come from there.
    needs: { processes: ProcessMetadata },
    setup: () => ({
      load: {
        exec(event: EventDraft<ExecEvent>) {
          event.argv = redactArguments(event.argv, patterns);
          if (event.environ !== null)
            event.environ = event.environ.map(
              (entry) => redactArguments([entry], patterns)[0] ?? '',
            );
        },
        failedExec(event: EventDraft<FailedExecEvent>) {
          event.argv = redactArguments(event.argv, patterns);
        },
        exit(event: EventDraft<ExitEvent>) {
          if (event.argv !== null) event.argv = redactArguments(event.argv, patterns);
        },
      },
    }),
  });
