/** What the published speedscope says of our files: its schema, and its own page in a browser. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { browserPath, documentAt } from '../../test/browser.ts';
import { profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import { encodeSpeedscope } from '../index.ts';

const release = join(
  Bun.resolveSync('speedscope/package.json', import.meta.dir),
  '../dist/release',
);

describe("speedscope's schema", () => {
  const schema = JSON.parse(readFileSync(join(release, 'file-format-schema.json'), 'utf8'));
  // Its types have more than one name for some things, which strict mode takes for mistakes.
  const isValid = new Ajv({ strict: false, allErrors: true }).compile(schema);

  test('holds for profiles of every shape', () => {
    for (let seed = 1; seed <= 60; seed++) {
      isValid(JSON.parse(encodeSpeedscope(randomProfile(randomOf(seed)))));
      expect(isValid.errors).toBeNull();
    }
  });

  test('refuses a file with a field that is wrong, so it does look', () => {
    const file = JSON.parse(encodeSpeedscope(profileOf([])));
    for (const broken of [
      { ...file, $schema: 'x' },
      { ...file, shared: { frames: [{}] } },
      { ...file, profiles: [{ ...file.profiles[0], weights: ['1'] }] },
    ])
      expect(isValid(broken)).toBe(false);
  });
});

const browser = browserPath;
if (browser !== undefined)
  test("speedscope's page shows our functions, files and counts", async () => {
    const profile = profileOf([
      {
        count: 70,
        frames: [
          { name: 'app', kind: 'process' },
          { name: 'parse <script>', kind: 'user', object: '/srv/app' },
        ],
      },
      {
        count: 30,
        frames: [
          { name: 'app', kind: 'process' },
          { name: 'vfs_read', kind: 'kernel' },
        ],
      },
    ]);
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/app.speedscope.json') return new Response(encodeSpeedscope(profile));
        return new Response(Bun.file(join(release, pathname === '/' ? 'index.html' : pathname)));
      },
    });
    try {
      const file = encodeURIComponent(new URL('app.speedscope.json', server.url).href);
      const address = `${server.url}#view=sandwich&profileURL=${file}`;
      const page = await documentAt(browser, address);
      expect(page).toContain('node app.js on web-3, 99 Hz, 3 samples lost');
      const rows = [...page.matchAll(/<tr class=[^>]*>(.*?)<\/tr>/gs)].map(([, row]) =>
        (row ?? '')
          .replace(/<[^>]*>/g, ' ')
          .replace(/\s+/g, ' ')
          .trim(),
      );
      expect(rows).toEqual([
        '70 (70%) 70 (70%) parse &lt;script&gt;',
        '30 (30%) 30 (30%) vfs_read',
        '100 (100%) 0 (&lt;0.01%) app',
      ]);
      expect(page).toContain('title="/srv/app"');
    } finally {
      await server.stop(true);
    }
  }, 120_000);
