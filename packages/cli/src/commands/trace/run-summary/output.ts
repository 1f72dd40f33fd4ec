/** The plugin of `trace --summary`: sums events up, and writes at the end and at each SIGUSR1. */

import { definePlugin, type ProcessEvent } from '@waggle/core';
import type { EventOutputOptions } from '@waggle/core/plugins/event-output';
import { isTerminal } from '../../../terminal/is-terminal.ts';
import { palette } from '../../../terminal/text.ts';
import { terminalWidth } from '../table/terminal-width.ts';
import { summaryJson } from './json.ts';
import { RunSummary } from './run-summary.ts';
import { summaryText } from './text.ts';

const STDOUT = 1;

interface SummaryOutputOptions extends EventOutputOptions {
  readonly json: boolean;
}

export function summaryOutput({ json, events = [], where, write }: SummaryOutputOptions) {
  const summary = new RunSummary();
  const width = terminalWidth();
  const text = () =>
    json
      ? summaryJson(summary)
      : summaryText(summary, { colour: palette(isTerminal(STDOUT)), width: width() });
  // No line of it is about one event.
  const writeNow = () => {
    const all = text();
    return (
      write(
        all,
        [...all.matchAll(/\n/g)].map((_, index) => index),
      ) ?? undefined
    );
  };
  return definePlugin({
    name: 'summary',
    kernel: { events },
    queue: { capacity: QUEUED_EVENTS, whenFull: 'block' },
    handlerTimeoutMs: Number.POSITIVE_INFINITY,
    setup: () => {
      const onSignal = () => void writeNow();
      process.on('SIGUSR1', onSignal);
      return {
        observeBatch(batch) {
          for (const event of batch as Iterable<ProcessEvent>)
            if (where === undefined || where(event)) summary.add(event);
        },
        end() {
          process.off('SIGUSR1', onSignal);
          return writeNow();
        },
      };
    },
  });
}

/** As the other outputs of a trace. */
const QUEUED_EVENTS = 16_384;
