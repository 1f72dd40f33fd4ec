/** The agent's file: JSON of a few settings, each checked, none unknown; and what becomes of it and the options. */

import { readFileSync } from 'node:fs';
import { SIGNALS, spoolIn } from '@waggle/otlp';
import { NearestNames } from '@waggle/probes';
import { printable } from '@waggle/text';
import { defaultStore } from '../../store/place.ts';
import { type FromFile, NESTED, SETTINGS, type Settings } from './file-settings.ts';
import type { AgentOptions, AgentSettings, OtlpSettings } from './options.ts';
import { DEFAULTS, parseKeep, parseMemory, parseSize, parseSpoolSize } from './values.ts';

export class BadAgentConfig extends Error {
  override readonly name = 'BadAgentConfig';
}

/** The file's settings, below those of the command line. @throws BadAgentConfig */
export function settingsOf(options: AgentOptions): AgentSettings {
  const file = options.config === undefined ? {} : readConfig(options.config);
  const given = { ...file, ...options };
  const otlp = otlpOf({
    ...given,
    otlpResource: { ...file.otlpResource, ...options.otlpResource },
  });
  const store = given.store === false ? undefined : (given.store ?? defaultStore());
  if (
    store === undefined &&
    otlp === undefined &&
    given.metrics === undefined &&
    given.serve === undefined
  )
    throw new BadAgentConfig(
      'there is neither a store, nor a receiver of OTLP, nor metrics: nobody would get what the agent sees; give --otlp URL or --metrics HOST:PORT beside --no-store',
    );
  return {
    store,
    keepSeconds: given.keep ?? (parseKeep(DEFAULTS.keep) as number),
    maxBytes: given.maxSize ?? (parseSize(DEFAULTS.maxSize) as number),
    frequency: given.frequency ?? DEFAULTS.frequency,
    budget: {
      cpu: (given.maxCpu ?? DEFAULTS.maxCpu) / 100,
      memoryBytes: given.maxMemory ?? (parseMemory(DEFAULTS.maxMemory) as number),
    },
    metrics: given.metrics,
    serve: given.serve,
    tokenFile: given.tokenFile,
    otlp,
    redact: [...(file.redact ?? []), ...(options.redact ?? [])],
    reveal: given.reveal === true,
  };
}

function otlpOf(given: FromFile): OtlpSettings | undefined {
  const { otlp: endpoint, store } = given;
  if (endpoint === undefined) {
    const [stray] = Object.keys(given).filter(
      (name) =>
        name.startsWith('otlp') &&
        name !== 'otlpResource' &&
        given[name as keyof FromFile] !== undefined,
    );
    if (stray === undefined) return undefined;
    throw new BadAgentConfig(
      `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} needs --otlp URL, the receiver`,
    );
  }
  return {
    target: {
      endpoint,
      protocol: given.otlpProtocol,
      headersFile: given.otlpHeaders,
      ca: given.otlpCa,
      cert: given.otlpCert,
      key: given.otlpKey,
    },
    signals: given.otlpSignals ?? SIGNALS,
    resource: given.otlpResource ?? {},
    spool: given.otlpSpool ?? spoolIn(store === false ? defaultStore() : (store ?? defaultStore())),
    maxSpoolBytes: given.otlpSpoolSize ?? (parseSpoolSize(DEFAULTS.otlpSpoolSize) as number),
  };
}

function readConfig(path: string): FromFile {
  const shown = printable(path);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const message = printable((error as Error).message);
    const why = error instanceof SyntaxError ? `it is no JSON (${message})` : message;
    throw new BadAgentConfig(`${shown} cannot be read: ${why}`);
  }
  if (!isObject(parsed))
    throw new BadAgentConfig(`${shown}: expected an object of settings, such as {"keep": "7d"}`);
  const { $schema: _editors, ...settings } = parsed;
  return readSettings(settings, SETTINGS, shown, '');
}

/** @param within the setting that has these, with a dot */
function readSettings(
  values: Readonly<Record<string, unknown>>,
  known: Settings,
  file: string,
  within: string,
): FromFile {
  let settings: FromFile = {};
  for (const [name, value] of Object.entries(values)) {
    const setting = Object.hasOwn(known, name) ? known[name] : undefined;
    if (setting === undefined)
      throw new BadAgentConfig(
        `${file}: there is no setting ${JSON.stringify(within + name)}${meant(name, known)} There are ${Object.keys(known).join(', ')}`,
      );
    const nested = within === '' && Object.hasOwn(NESTED, name) ? NESTED[name] : undefined;
    if (nested !== undefined && isObject(value)) {
      settings = { ...settings, ...readSettings(value, nested, file, `${name}.`) };
      continue;
    }
    const read = setting.read(value);
    if (read === undefined)
      throw new BadAgentConfig(`${file}: ${within}${name} has to be ${setting.expected}`);
    settings = { ...settings, ...read };
  }
  return settings;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function meant(name: string, known: Settings): string {
  const near = new NearestNames(name);
  for (const each of Object.keys(known)) near.add(each);
  const [first] = near.names;
  return first === undefined ? '.' : `; did you mean ${JSON.stringify(first)}?`;
}
