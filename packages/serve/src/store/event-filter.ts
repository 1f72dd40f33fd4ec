/**
 * Which events somebody wants, told from their lines without parsing them: quotes in what others wrote are escaped
 * there, so that none of it looks like a field.
 */

import { stringifyJson } from '@waggle/text';

export interface EventFilter {
  /** All without it. Losses always pass. */
  readonly kinds?: ReadonlySet<string> | undefined;
  /** Failed execs, exits other than 0, ends by signal. */
  readonly onlyFailed?: boolean | undefined;
  /** Somewhere in the line, whatever the case. */
  readonly text?: string | undefined;
  /** Whose. */
  readonly hasProcess?: ((pid: number, startTime: string) => boolean) | undefined;
}

export type LineTest = (line: string) => boolean;

const KIND = /^\{"event":"([a-z-]+)"/;
const PROCESS = /"pid":(\d+),.*?"startTime":"(\d+)"/;

/** What passes. Undefined where all does. */
export function lineTest(filter: EventFilter): LineTest | undefined {
  const { kinds, onlyFailed, text, hasProcess } = filter;
  const tests: LineTest[] = [];
  if (kinds !== undefined) tests.push((line) => kinds.has(kindOf(line)));
  if (onlyFailed) tests.push(isFailure);
  if (hasProcess !== undefined)
    tests.push((line) => {
      const [, pid = '', start = ''] = PROCESS.exec(line) ?? [];
      return hasProcess(Number(pid), start);
    });
  if (text !== undefined && text !== '') {
    const wanted = stringifyJson(text).slice(1, -1).toLowerCase();
    tests.push((line) => line.toLowerCase().includes(wanted));
  }
  if (tests.length === 0) return undefined;
  return (line) => isNotice(line) || tests.every((test) => test(line));
}

function kindOf(line: string): string {
  return KIND.exec(line)?.[1] ?? '';
}

/** About no event but about what is missing. */
function isNotice(line: string): boolean {
  return line.startsWith('{"event":"lost"');
}

function isFailure(line: string): boolean {
  const kind = kindOf(line);
  if (kind === 'failed-exec') return true;
  return kind === 'exit' && !(line.includes('"exitCode":0,') && line.includes('"signal":null'));
}
