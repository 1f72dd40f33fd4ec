/**
 * Shows a file in the browser of the person at the terminal: BROWSER, else xdg-open where there is a display. Under
 * sudo it is the caller's browser, with the caller's rights: a browser is nothing to run as root.
 */

import { type SudoCaller, sudoCaller } from '@waggle/ffi';

type Environment = Readonly<Record<string, string | undefined>>;

/** What of an environment leads to the caller's screen; sudo keeps little of it. */
const OF_A_SCREEN = ['DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'DBUS_SESSION_BUS_ADDRESS'];

/** The words that open the file; why there are none, as text. */
export function browserCommand(
  path: string,
  env: Environment,
  caller: SudoCaller | undefined,
): readonly string[] | string {
  const { BROWSER = '' } = env;
  const [named = ''] = BROWSER.split(':');
  const hasDisplay = Boolean(env.DISPLAY) || Boolean(env.WAYLAND_DISPLAY);
  if (named === '' && !hasDisplay) return 'there is no display here: BROWSER names what opens it';
  const browser = named === '' ? 'xdg-open' : named;
  if (caller === undefined) return [browser, path];
  const kept = OF_A_SCREEN.flatMap((name) => (env[name] ? [`${name}=${env[name]}`] : []));
  const runtime = `XDG_RUNTIME_DIR=/run/user/${caller.uid}`;
  return ['sudo', '-n', '-u', `#${caller.uid}`, 'env', runtime, ...kept, browser, path];
}

/** @param path absolute. @returns undefined where it was begun; else why not, in words */
export function openInBrowser(
  path: string,
  env: Environment = process.env,
): Promise<string | undefined> {
  const words = browserCommand(path, env, sudoCaller());
  if (typeof words === 'string') return Promise.resolve(words);
  const [program = '', ...rest] = words;
  const { spawn } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    // What it says is not for our terminal, and it outlives us.
    const child = spawn(program, rest, { stdio: 'ignore', detached: true });
    child.once('spawn', () => {
      child.unref();
      resolve(undefined);
    });
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(`${program} could not be started (${error.code ?? error.message})`),
    );
  });
}
