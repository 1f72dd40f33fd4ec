/**
 * What is remembered from one time to the next: what people chose with keys, and keys of their own.
 */

import type { Mode } from '../model/samples.ts';
import type { Choices, Key } from '../views/view.ts';

export interface Settings {
  /** By the name of the view. */
  readonly views: Readonly<Record<string, Choices>>;
  readonly mode: Mode;
  /** Which key stands for which other one: `{ "F5": "t" }`. Edited by people alone. */
  readonly keys: Readonly<Record<Key, Key>>;
}

const LONGEST_WINDOW_MS = 3_600_000;
/** More is not what a person wrote. */
const MAX_KEYS = 200;

/** Takes of what a file has what makes sense, whoever wrote it. Undefined for what is no settings at all. */
export function readSettings(text: string): Partial<Settings> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(parsed)) return undefined;
  const mode = modeOf(parsed.mode);
  return {
    ...(isObject(parsed.views) ? { views: viewsOf(parsed.views) } : {}),
    ...(mode === undefined ? {} : { mode }),
    ...(isObject(parsed.keys) ? { keys: keysOf(parsed.keys) } : {}),
  };
}

type Given = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function viewsOf(given: Given): Record<string, Choices> {
  const views: Record<string, Choices> = {};
  for (const [name, choices] of Object.entries(given))
    if (isObject(choices))
      views[name] = Object.fromEntries(
        Object.entries(choices).filter(
          (choice): choice is [string, string | boolean] =>
            typeof choice[1] === 'string' || typeof choice[1] === 'boolean',
        ),
      );
  return views;
}

function modeOf(given: unknown): Mode | undefined {
  if (!isObject(given)) return undefined;
  const { kind, ms } = given;
  if (kind === 'all' || kind === 'decay') return { kind };
  const isWindow = kind === 'window' && typeof ms === 'number' && ms >= 1000;
  return isWindow && ms <= LONGEST_WINDOW_MS ? { kind, ms } : undefined;
}

function keysOf(given: Given): Record<Key, Key> {
  const keys = Object.entries(given).filter(
    (pair): pair is [Key, Key] => typeof pair[1] === 'string' && pair[1] !== '',
  );
  return Object.fromEntries(keys.slice(0, MAX_KEYS));
}
