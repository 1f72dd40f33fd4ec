// Makes docs/images/timeline.png: opens the page of a build in Chromium and takes its picture.
//
//   bun scripts/picture.ts            traces a tree of 200 C files that it makes, by make -j2; needs root
//   bun scripts/picture.ts PAGE.html  of a build that was traced before
//
// The picture in the documents is of `waggle trace -o build.html -- cargo build -j2`, of a program that
// uses libgit2-sys 0.18 with the feature `vendored`.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPage } from '../test/open-page.ts';

const FILES = 200;
const root = join(import.meta.dir, '../../..');
const picture = join(root, 'docs/images/timeline.png');

const folder = mkdtempSync(join(tmpdir(), 'waggle-picture-'));
try {
  const [page = traced(folder)] = process.argv.slice(2);
  await using opened = await openPage(readFileSync(page, 'utf8'), { width: 1280 });
  await opened.page.setViewportSize({ width: 1280, height: 640 });
  await opened.page.waitForTimeout(300);
  await opened.page.screenshot({ path: picture });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The page of a build of such a tree. */
function traced(at: string): string {
  writeTree(at);
  const page = join(at, 'build.html');
  const { status } = spawnSync(
    join(root, 'waggle'),
    ['trace', '-o', page, '--', 'make', '-s', '-j2'],
    { cwd: at, stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`the traced build ended with ${status}`);
  return page;
}

/** Of different sizes, so that it is seen which ones are waited for. */
function writeTree(at: string): void {
  const names = Array.from({ length: FILES }, (_, file) => `part${file}`);
  for (const [file, name] of names.entries()) {
    const functions = Array.from(
      { length: 5 + ((file * 37) % 60) },
      (_, each) =>
        `int ${name}_${each}(int n) { int sum = 0; for (int i = 0; i < n; i++) sum += i * ${each}; return sum; }\n`,
    );
    writeFileSync(join(at, `${name}.c`), functions.join(''));
  }
  writeFileSync(join(at, 'main.c'), 'int main(void) { return 0; }\n');
  const objects = names.map((name) => `${name}.o`).join(' ');
  writeFileSync(
    join(at, 'Makefile'),
    `CFLAGS = -O2\nprogram: main.o ${objects}\n\t$(CC) -o $@ $^\n`,
  );
}
