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
  /** In one of its values, whatever the case: not in the name of a field. */
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
  if (text !== undefined && text !== '') tests.push(valueTest(text));
  if (tests.length === 0) return undefined;
  return (line) => isNotice(line) || tests.every((test) => test(line));
}

/** A text with its quotes and the colon behind it, where it names a field; or a number. */
const TOKEN = /"((?:[^"\\]|\\.)*)"(:?)|-?\d+(?:\.\d+)?/g;

function valueTest(text: string): LineTest {
  const inLine = stringifyJson(text).slice(1, -1).toLowerCase();
  const wanted = text.toLowerCase();
  return (line) => {
    // Most lines have it nowhere.
    if (!line.toLowerCase().includes(inLine)) return false;
    for (const [token, quoted, colon] of line.matchAll(TOKEN)) {
      if (colon === ':') continue;
      const value = quoted?.includes('\\') ? String(JSON.parse(token)) : (quoted ?? token);
      if (value.toLowerCase().includes(wanted)) return true;
    }
    return false;
  };
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
