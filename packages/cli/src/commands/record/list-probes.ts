/** `--list-probes`: what an event would be attached to, and where. Reads files, and needs no rights to probe. */

import {
  BadEvent,
  parseEvent,
  type ResolvedEvent,
  resolveEvent,
  type UserPlace,
} from '@waggle/probes';
import { printable } from '@waggle/text';
import { USAGE_ERROR } from '../../exit-code.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { scopeOf } from './events.ts';
import type { RecordTarget } from './targets.ts';

/** To be read, not to be attached: a whole library fits. */
const MAX_LISTED = 100_000;

export async function listProbes(
  event: string,
  target: RecordTarget,
  words: readonly string[],
): Promise<number> {
  using scope = scopeOf(target, words);
  let lines: string[];
  try {
    lines = linesOf(resolveEvent(parseEvent(event), scope, { limit: MAX_LISTED }));
  } catch (error) {
    if (!(error instanceof BadEvent)) throw error;
    say(error.message);
    return USAGE_ERROR;
  }
  await new Output().write(`${lines.map((line) => printable(line)).join('\n')}\n`);
  return 0;
}

/** One line a place: what, where, and what else it is called. */
function linesOf(event: ResolvedEvent): string[] {
  switch (event.kind) {
    case 'perf':
      return [`${event.request.text}  type ${event.request.type}, config ${event.request.config}`];
    case 'user':
      return event.places.map((place) => `${event.request.kind}:${placeText(place)}`);
    case 'kernel':
      return event.functions.map(
        ({ name, address }) =>
          `${event.request.kind}:${name}${plus(event.offset)}` +
          (address > 0n ? `  0x${address.toString(16)}` : ''),
      );
    case 'tracepoint':
      return [`tracepoint:${event.request.system}:${event.request.name}`];
  }
}

function placeText(place: UserPlace): string {
  const { object, function: name, into, offset, aliases, semaphore, arguments: words } = place;
  const facts = [
    `offset 0x${offset.toString(16)}`,
    ...(aliases.length > 0 ? [`also ${aliases.join(', ')}`] : []),
    ...(semaphore === undefined ? [] : [`semaphore 0x${semaphore.toString(16)}`]),
    ...(words === undefined || words.length === 0
      ? []
      : [`arguments ${words.map(({ text }) => text).join(' ')}`]),
  ];
  return `${object.shown}:${name}${plus(into)}  ${facts.join('; ')}`;
}

function plus(offset: number): string {
  return offset > 0 ? `+0x${offset.toString(16)}` : '';
}
