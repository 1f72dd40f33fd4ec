/** `waggle top --store DIR`: what an agent kept, in the views of `waggle top`, at a moment that keys move. */

import { hostname } from 'node:os';
import type { StoreReader } from '@waggle/store';
import { commandLine } from '@waggle/text';
import { TerminalView, Top } from '@waggle/tui';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { defaultStore } from '../../store/place.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { hostUsers } from '../../users/passwd.ts';
import { withStore } from '../history/with-store.ts';
import type { TopOptions } from './options.ts';
import { RecordedHost } from './replay/recorded-host.ts';
import { saveShown } from './save-shown.ts';
import { loadSettings, saveSettings, settingsPath } from './settings-file.ts';
import { whyNoTerminal } from './terminal-needs.ts';

const REFRESH_MS = 250;

export async function runReplay(options: TopOptions, command: readonly string[]): Promise<number> {
  if (command.length > 0) {
    say('a replay shows what was recorded, and runs no command: leave out what is behind --');
    return USAGE_ERROR;
  }
  const problem = options.screenReader
    ? undefined
    : whyNoTerminal(process.env.TERM, process.stdout);
  if (problem !== undefined) {
    say(problem);
    return FAILED;
  }
  return withStore(options.store ?? defaultStore(), (store) => replay(options, store));
}

async function replay(options: TopOptions, store: StoreReader): Promise<number> {
  const { kept } = store;
  if (kept === undefined) {
    say('nothing is kept yet');
    return FAILED;
  }
  const at = Number((options.at ?? kept.toNs) / 1_000_000n);
  const [frequencyHz, cpus] = figuresOf(store);
  const host = new RecordedHost(store, frequencyHz);
  let terminal: TerminalView | undefined;
  const settingsAt = settingsPath(process.env);
  const settings = loadSettings(settingsAt);
  const view: Top = new Top(
    {
      ...{ host: hostname(), cpus, frequencyHz, procfs: host, pageBytes: 1, bootTimeMs: 0 },
      reveal: options.reveal === true,
      userName: (uid) => hostUsers().byUid(uid)?.name ?? String(uid),
      commandLine: (argv) => commandLine(argv),
      describe: (pid) => host.describe(pid),
      save(stacks, path, measure, opens) {
        const { now, samples } = view.data;
        const shown = { stacks, measure, frequencyHz, now, spanMs: samples.spanMs(now) };
        return saveShown(shown, path, opens);
      },
      copy: (text) => terminal?.copy(text),
      settings: typeof settings === 'string' ? {} : settings,
      replay: { recording: host, at },
    },
    at,
  );
  if (options.screenReader) {
    await new Output().write(`${view.report(at).join('\n')}\n`);
    return 0;
  }
  if (typeof settings === 'string') view.say(settings);
  view.tick(at);
  terminal = await TerminalView.open(view, {
    refreshMs: options.refresh === undefined ? REFRESH_MS : options.refresh * 1000,
    mouse: options.mouse,
    env: process.env,
  });
  const left = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, left.resolve);
  await Promise.race([terminal.left, left.promise]);
  terminal.close();
  if (typeof settings !== 'string') await saveSettings(settingsAt, view.settings);
  return 0;
}

/** Samples a second of the newest span, and CPUs that it can have had: a store does not say how many there were. */
function figuresOf(store: StoreReader): readonly [frequencyHz: number, cpus: number] {
  const [row] = [...store.sql('SELECT frequencyHz FROM profile ORDER BY toNs DESC LIMIT 1')];
  return [Number(row?.frequencyHz ?? 19), navigator.hardwareConcurrency];
}
