// Whose browser opens a file, and what is said where none does.

import { expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserCommand, openInBrowser } from './open-in-browser.ts';

test('BROWSER is heeded, and else there has to be a display', () => {
  expect(browserCommand('/a.html', { BROWSER: 'firefox:lynx' }, undefined)).toEqual([
    'firefox',
    '/a.html',
  ]);
  expect(browserCommand('/a.html', { DISPLAY: ':0' }, undefined)).toEqual(['xdg-open', '/a.html']);
  expect(browserCommand('/a.html', { DISPLAY: '' }, undefined)).toContain('no display');
});

test('under sudo it runs as the caller, on the caller screen', () => {
  const caller = { uid: 1000, gid: 1000 };
  expect(browserCommand('/a b.html', { WAYLAND_DISPLAY: 'wayland-0' }, caller)).toEqual([
    ...['sudo', '-n', '-u', '#1000', 'env', 'XDG_RUNTIME_DIR=/run/user/1000'],
    ...['WAYLAND_DISPLAY=wayland-0', 'xdg-open', '/a b.html'],
  ]);
});

test('it is started with the file, and what is not there is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-browser-'));
  try {
    const browser = join(folder, 'browser');
    const opened = join(folder, 'opened');
    writeFileSync(
      browser,
      `#!/bin/sh\nprintf %s "$1" >'${opened}.part' && mv '${opened}.part' '${opened}'\n`,
    );
    chmodSync(browser, 0o755);
    expect(await openInBrowser('/some file.html', { BROWSER: browser })).toBeUndefined();
    for (let waits = 0; !existsSync(opened) && waits < 500; waits++) await Bun.sleep(20);
    expect(readFileSync(opened, 'utf8')).toBe('/some file.html');
    expect(await openInBrowser('/a', { BROWSER: join(folder, 'none') })).toContain('ENOENT');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
