/** `waggle convert EVENTS.jsonl OUT...`: a recording of events in other formats, as far as it goes. */

import { type RecordedEvent, readEvents } from '@waggle/timeline';
import { EventFiles, OutputFailed } from '../../event-files/event-files.ts';
import { EventLines } from '../../event-files/event-lines.ts';
import { mistakeInOutputs } from '../../event-files/formats.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { counted } from '../../terminal/counted.ts';
import { say } from '../../terminal/messages.ts';

/** Lines that are written at once. */
const LINES_A_PIECE = 512;
const encoder = new TextEncoder();

export async function convertEvents(
  input: string,
  recording: AsyncIterable<Uint8Array>,
  paths: readonly string[],
): Promise<number> {
  const mistake = paths.includes('-')
    ? 'events are written to files, not to standard output; name one, such as build.csv'
    : mistakeInOutputs(paths, undefined);
  if (mistake !== undefined) {
    say(mistake);
    return USAGE_ERROR;
  }
  try {
    using files = await EventFiles.open(paths);
    return await copy(input, recording, files);
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    say(error.message);
    return FAILED;
  }
}

async function copy(
  input: string,
  recording: AsyncIterable<Uint8Array>,
  files: EventFiles,
): Promise<number> {
  let events: RecordedEvent[] = [];
  let lines: string[] = [];
  const flush = (): void | Promise<void> => {
    if (events.length === 0) return;
    const bytes = encoder.encode(`${lines.join('\n')}\n`);
    const piece = new EventLines(bytes, events.length, events);
    events = [];
    lines = [];
    return files.add(piece);
  };
  let readError: string | undefined;
  try {
    const { foreign, isCut } = await readEvents(recording, (event, line) => {
      events.push(event);
      lines.push(line);
      if (events.length >= LINES_A_PIECE) return flush();
    });
    if (foreign > 0)
      say(`${input}: ${counted(foreign, 'line')} left out: no events of a kind that is known here`);
    if (isCut) say(`${input}: the last line is cut; what came before it is converted`);
  } catch (error) {
    readError = `${input} cannot be read to its end: ${(error as Error).message}`;
    say(readError);
  }
  await flush();
  if (files.events === 0) {
    if (readError === undefined) say(`${input}: there is no event in it`);
    return FAILED;
  }
  const { problems } = await files.finish();
  for (const problem of problems) say(problem);
  return problems.length > 0 || readError !== undefined ? FAILED : 0;
}
