/** Numbers, times and command lines as people read them. */

import { commandLine } from '@waggle/text';
import { STATE } from '../page-data.ts';
import type { Timeline } from './timeline.ts';

/** Microseconds as `1.23 s`, `45 ms`, `2 min 3 s`. */
export function timeText(micros: number): string {
  if (micros < 0) return '';
  if (micros < 1000) return `${Math.round(micros)} \u00b5s`;
  if (micros < 1e6) return `${round(micros / 1e3)} ms`;
  if (micros < 6e7) return `${round(micros / 1e6)} s`;
  const minutes = Math.floor(micros / 6e7);
  const [more, unit] =
    minutes < 60 ? [Math.floor((micros % 6e7) / 1e6), 's'] : [minutes % 60, 'min'];
  const whole = minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
  return more === 0 ? whole : `${whole} ${more} ${unit}`;
}

/** The same in few characters, for columns. */
export function shortTime(micros: number): string {
  if (micros < 6e7) return timeText(micros);
  return micros < 3.6e9 ? `${round(micros / 6e7)} min` : `${round(micros / 3.6e9)} h`;
}

/** What is not known is no 0: of who still runs nobody has said yet. */
export const UNKNOWN = '\u2013';

/** CPU of all runs of a program, as far as it is known. */
export function programCpuText({
  runs,
  cpu,
  cpuUnknown,
}: Readonly<Record<'runs' | 'cpu' | 'cpuUnknown', number>>): string {
  if (cpuUnknown === runs) return UNKNOWN;
  return cpuUnknown === 0 ? shortTime(cpu) : `\u2265 ${shortTime(cpu)}`;
}

export function sizeText(bytes: number): string {
  if (bytes < 0) return '';
  if (bytes < 1 << 10) return `${bytes} B`;
  if (bytes < 1 << 20) return `${round(bytes / 1024)} KB`;
  if (bytes < 2 ** 30) return `${round(bytes / 2 ** 20)} MB`;
  return `${round(bytes / 2 ** 30)} GB`;
}

function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

export function countText(value: number): string {
  return value.toLocaleString('en');
}

/** What a bar says: the program, and of its arguments those that are no options. */
export function labelOf(timeline: Timeline, process: number): string {
  const { data, imageFrom, name } = timeline;
  const program = data.names[name[process] as number] ?? '';
  const last = (imageFrom[process + 1] as number) - 1;
  if (last < (imageFrom[process] as number)) return program;
  const words = data.commands[data.images.command[last] as number] ?? [];
  const said = words
    .slice(1, 60)
    .filter((word) => word !== '' && !word.startsWith('-'))
    .slice(0, 4)
    .map((word) => word.slice(word.lastIndexOf('/') + 1).slice(0, 60));
  return [program, ...said].join(' ');
}

export function outcomeOf({ data }: Timeline, process: number): string {
  const { processes, texts } = data;
  switch (processes.state[process]) {
    case STATE.running:
      return 'still running';
    case STATE.context:
      return 'not recorded';
    case STATE.killed:
      return texts[processes.signal[process] as number] ?? 'a signal';
    default:
      return `code ${processes.exitCode[process]}`;
  }
}

/** Its command line, by the name of the program without its folders. */
export function commandOf(timeline: Timeline, process: number): string {
  const { data, imageFrom } = timeline;
  const last = (imageFrom[process + 1] as number) - 1;
  const words = data.commands[data.images.command[last] ?? -1] ?? [];
  const [program = '', ...rest] = words;
  if (last < (imageFrom[process] as number) || words.length === 0)
    return labelOf(timeline, process);
  const name = program.slice(program.lastIndexOf('/') + 1);
  return commandLine([name, ...rest], { goesOn: data.images.isCut[last] === 1 });
}

/** Everything of a process that is searched, in small letters. */
export function searchedText({ data, imageFrom, failureFrom, name }: Timeline, at: number): string {
  const { processes, images, failures, names, texts, commands } = data;
  const parts = [names[name[at] as number] ?? '', String(processes.pid[at])];
  for (let image = imageFrom[at] as number; image < (imageFrom[at + 1] as number); image++) {
    parts.push(texts[images.filename[image] as number] ?? '');
    parts.push(...(commands[images.command[image] as number] ?? []));
  }
  for (let each = failureFrom[at] as number; each < (failureFrom[at + 1] as number); each++) {
    parts.push(texts[failures.error[each] as number] ?? '');
    parts.push(texts[failures.filename[each] as number] ?? '');
  }
  parts.push(texts[processes.signal[at] as number] ?? '');
  return parts.join(' ').toLowerCase();
}
