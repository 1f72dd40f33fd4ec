/** The agent's file: JSON of a few settings, each checked, none unknown. */

import { readFileSync } from 'node:fs';
import { NearestNames } from '@waggle/probes';
import { printable } from '@waggle/text';
import { parseListen } from '../../options/listen.ts';
import { defaultStore } from '../../store/place.ts';
import type { AgentOptions, AgentSettings } from './options.ts';
import { DEFAULTS, parseKeep, parseSize, USUAL_METRICS_PORT } from './values.ts';

export class BadAgentConfig extends Error {
  override readonly name = 'BadAgentConfig';
}

/** What of the options a file may say. */
type FromFile = Omit<AgentOptions, 'config' | 'duration'>;

interface Setting {
  readonly expected: string;
  /** The part of the options that it becomes; undefined for a value that is none. */
  read(value: unknown): FromFile | undefined;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const SETTINGS: Readonly<Record<string, Setting>> = {
  store: {
    expected: 'the path of a folder',
    read: (value) => one('store', text(value)),
  },
  keep: {
    expected: 'an age from 1m on, such as "7d"',
    read: (value) => one('keep', parseKeep(text(value) ?? '')),
  },
  maxSize: {
    expected: 'a size from 16M on, such as "2G"',
    read: (value) => one('maxSize', parseSize(text(value) ?? '')),
  },
  frequency: {
    expected: 'a whole number of samples a second, 1 to 100000',
    read: (value) =>
      one(
        'frequency',
        Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 100_000
          ? (value as number)
          : undefined,
      ),
  },
  metrics: {
    expected: 'HOST:PORT, such as "127.0.0.1:9478"',
    read: (value) => {
      try {
        return one('metrics', parseListen(text(value) ?? '', USUAL_METRICS_PORT));
      } catch {
        return undefined;
      }
    },
  },
  tokenFile: { expected: 'the path of a file', read: (value) => one('tokenFile', text(value)) },
  redact: {
    expected: 'a list of regular expressions',
    read: (value) => one('redact', patterns(value)),
  },
  reveal: {
    expected: 'true or false',
    read: (value) => one('reveal', typeof value === 'boolean' ? value : undefined),
  },
};

/** The file's settings, below those of the command line. @throws BadAgentConfig */
export function settingsOf(options: AgentOptions): AgentSettings {
  const file = options.config === undefined ? {} : readConfig(options.config);
  const given = { ...file, ...options };
  return {
    store: given.store ?? defaultStore(),
    keepSeconds: given.keep ?? (parseKeep(DEFAULTS.keep) as number),
    maxBytes: given.maxSize ?? (parseSize(DEFAULTS.maxSize) as number),
    frequency: given.frequency ?? DEFAULTS.frequency,
    metrics: given.metrics,
    tokenFile: given.tokenFile,
    redact: [...(file.redact ?? []), ...(options.redact ?? [])],
    reveal: given.reveal === true,
  };
}

function readConfig(path: string): FromFile {
  const shown = printable(path);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === undefined ? `it is no JSON (${printable(message)})` : printable(message);
    throw new BadAgentConfig(`${shown} cannot be read: ${why}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new BadAgentConfig(`${shown}: expected an object of settings, such as {"keep": "7d"}`);
  let settings: FromFile = {};
  for (const [name, value] of Object.entries(parsed)) {
    const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (setting === undefined)
      throw new BadAgentConfig(
        `${shown}: there is no setting ${JSON.stringify(name)}${meant(name)} There are ${Object.keys(SETTINGS).join(', ')}`,
      );
    const read = setting.read(value);
    if (read === undefined)
      throw new BadAgentConfig(`${shown}: ${name} has to be ${setting.expected}`);
    settings = { ...settings, ...read };
  }
  return settings;
}

function one<Name extends keyof FromFile>(
  name: Name,
  value: FromFile[Name] | undefined,
): FromFile | undefined {
  return value === undefined ? undefined : { [name]: value };
}

function patterns(value: unknown): readonly RegExp[] | undefined {
  if (!Array.isArray(value)) return undefined;
  try {
    return value.map((each) => {
      if (typeof each !== 'string' || each === '') throw new SyntaxError('no pattern');
      return new RegExp(each);
    });
  } catch {
    return undefined;
  }
}

function meant(name: string): string {
  const near = new NearestNames(name);
  for (const known of Object.keys(SETTINGS)) near.add(known);
  const [first] = near.names;
  return first === undefined ? '.' : `; did you mean ${JSON.stringify(first)}?`;
}
