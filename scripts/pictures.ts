// Remakes the pictures of `waggle top` in docs/images: real views of workloads of the tests, from a terminal
// of tmux, painted by Chromium. Needs root, tmux and Chromium (scripts/setup --tests): npm run pictures

import { join, resolve } from 'node:path';
import { AnsiUp } from 'ansi_up';
import { chromium } from 'playwright-core';
import { browserPath } from '../packages/formats/test/browser.ts';
import { TestProcess } from '../tests/support/processes.ts';
import { Terminal } from '../tests/support/terminal.ts';
import { copyOfWorkload, freshFolder } from '../tests/support/workloads.ts';

const images = resolve(import.meta.dir, '../docs/images');
const COLUMNS = 110;
const ROWS = 30;
/** Until there is something to see. */
const SETTLING_MS = 15_000;

if (browserPath === undefined) throw new Error('no Chromium: apt-get install chromium');
await using browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox'],
});
const page = await browser.newPage({ deviceScaleFactor: 1.5 });
const folder = freshFolder();
copyOfWorkload('call_tree', join(folder, 'server'));
copyOfWorkload('plt_calls', join(folder, 'worker'));
const background: TestProcess[] = [
  new TestProcess(['./server', '600000'], { cwd: folder }),
  new TestProcess(['./worker', '600000'], { cwd: folder }),
  new TestProcess(
    ['sh', '-c', 'while sleep 0.2; do ls / >/dev/null; ls /nowhere 2>/dev/null; done'],
    { cwd: folder },
  ),
];
await pictures(`-p ${background.map(({ pid }) => pid).join(',')}`, [
  ['top-processes', ['1', 't']],
  ['top-flame', ['2', 'Down', 'Down', 'Down']],
  ['top-functions', ['3', 'Enter']],
  ['top-events', ['R', '4', 'Enter', 'x', 'Down', 'Down', 'Down']],
  ['top-off-cpu', ['R', 'o']],
]);
await pictures(`-- sh -c 'ls -l --color=always /etc | head -40; exec bash --norc'`, [
  ['top-output', ['5', 'Enter']],
]);
for (const each of background) {
  each.kill('SIGTERM');
  await each[Symbol.asyncDispose]();
}

/** Views, each with the keys that lead to it from the one before. */
async function pictures(
  args: string,
  views: readonly (readonly [name: string, keys: readonly string[]])[],
): Promise<void> {
  // Nothing is remembered from one to the next.
  using terminal = new Terminal({
    columns: COLUMNS,
    rows: ROWS,
    env: { XDG_CONFIG_HOME: freshFolder(), PS1: '$ ' },
  });
  terminal.waggle(`top ${args}`);
  await terminal.shows(/\? keys/);
  await Bun.sleep(SETTLING_MS);
  for (const [name, keys] of views) {
    terminal.keys(...keys);
    await Bun.sleep(name === 'top-off-cpu' ? 2 * SETTLING_MS : 5000);
    await paint(terminal.screen(true), name);
  }
}

async function paint(screen: string, name: string): Promise<void> {
  const ansi = new AnsiUp();
  const html = ansi.ansi_to_html(screen);
  await page.setContent(
    `<body style="margin:0;display:inline-block;background:#12151c;color:#d8dee9">
     <pre style="margin:12px;font:14px/1.25 'DejaVu Sans Mono',monospace">${html}</pre></body>`,
  );
  await page.locator('body').screenshot({ path: join(images, `${name}.png`) });
  console.log(`docs/images/${name}.png`);
}
