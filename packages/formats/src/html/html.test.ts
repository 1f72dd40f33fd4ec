/** The page as a file; what a browser makes of it is in page.test.ts. */
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import {
  HOSTILE_NAMES,
  hostileProfile,
  profileOf,
  randomOf,
  randomProfile,
} from '../../test/random-profile.ts';
import { displayText } from '../flame-graph/safe-text.ts';
import type { Profile } from '../profile.ts';
import { escapeHtml, jsonForScript } from './escape.ts';
import { createHtmlFormat, encodeHtml } from './index.ts';
import type { PageData } from './page-data.ts';

const stack = (count: number, ...names: string[]) => ({
  frames: names.map((name) => ({ name, kind: 'user', object: '/usr/bin/app' }) as const),
  count,
});

/** Texts of elements whose content is no markup, by the rule that browsers find their end by. */
function rawTexts(html: string, name: 'script' | 'style'): string[] {
  return [...html.matchAll(new RegExp(`<${name}[^>]*>(.*?)</${name}`, 'gs'))].map(
    ([, text]) => text ?? '',
  );
}

function dataOf(html: string): PageData {
  return JSON.parse(rawTexts(html, 'script')[0] ?? '') as PageData;
}

describe('the file', () => {
  test('needs nothing from elsewhere, and its policy says so', () => {
    const html = encodeHtml(profileOf([stack(1, 'main')]));
    expect(html).toStartWith('<!DOCTYPE html>\n');
    expect(html.match(/https?:\/\/[^\s"'`]+/g)).toBeNull();
    expect(html).not.toMatch(/@import|url\(|<iframe|<object|<embed/);
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to]) => to?.slice(0, 19))).toEqual(
      ['data:image/svg+xml,'],
    );
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const hash = (text = ''): string =>
      `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(policy).toContain(`script-src ${hash(rawTexts(html, 'script')[1])}`);
    expect(policy).toContain(`style-src ${hash(rawTexts(html, 'style')[0])}`);
    // A style attribute would be refused by the policy.
    expect(html).not.toMatch(/<[^>]* (?:style|on\w+)=/);
  });

  test('says what is known of the recording, and nothing of what is not', () => {
    const factsOf = (profile: Profile, title?: string): string[] =>
      [
        ...encodeHtml(profile, title === undefined ? {} : { title }).matchAll(/<dt>(.*?)<\/dt>/g),
      ].map(([, name]) => name ?? '');
    const profile = profileOf([stack(1, 'main')]);
    const recording = ['Samples', 'Frequency', 'Duration', 'Started'];
    expect(factsOf(profile)).toEqual(recording);
    expect(factsOf(profile, 'Monday')).toEqual([...recording, 'Host', 'Command']);
    const unknown = { frequencyHz: 0, durationSeconds: 0, lostSamples: 0, host: '' };
    const startTime = new Date(Number.NaN);
    const { stacks, metadata } = profile;
    const nothing = { stacks, metadata: { ...metadata, ...unknown, startTime } };
    expect(factsOf(nothing)).toEqual(['Samples']);
    expect(encodeHtml(profile)).toContain('>1, 3 lost<');
    expect(encodeHtml(nothing)).not.toContain('lost<');
  });

  test('titles', () => {
    const titleOf = (profile: Profile, title?: string): string | undefined =>
      /<title>(.*)<\/title>/.exec(encodeHtml(profile, title === undefined ? {} : { title }))?.[1];
    const profile = profileOf([stack(1, 'main')]);
    const { command: _, ...rest } = profile.metadata;
    expect(titleOf(profile)).toBe('node app.js on web-3');
    expect(titleOf({ ...profile, metadata: rest })).toBe('whole system on web-3');
    const target = { ...rest, target: 'process 12' };
    expect(titleOf({ ...profile, metadata: target })).toBe('process 12 on web-3');
    expect(titleOf(profile, 'A & B')).toBe('A &amp; B');
    expect(titleOf(profile, 'x'.repeat(2_000_000))?.length).toBe(400);
  });

  test('options reach the page', () => {
    const profile = profileOf([stack(1, 'main')]);
    const isUpward = (inverted: boolean): boolean =>
      dataOf(String(createHtmlFormat({ inverted }).encode(profile))).isUpward;
    expect([isUpward(true), isUpward(false)]).toEqual([false, true]);
  });

  test('5,000 distinct stacks of 128 frames: below 2 MB, with every stack', () => {
    const random = randomOf(1);
    const stacks = Array.from({ length: 5_000 }, (_, index) => ({
      frames: Array.from({ length: 128 }, (_unused, depth) => ({
        name: `function_${depth}_${Math.floor(random() * 2)}${depth > 100 ? `_${index % 500}` : ''}`,
        kind: 'user' as const,
      })),
      count: 1 + Math.floor(random() * 5),
    }));
    const html = encodeHtml(profileOf(stacks));
    expect(html.length).toBeLessThan(2_000_000);
    expect(dataOf(html).names.length).toBeGreaterThan(20_000);
  }, 30_000);
});

describe('hostile text', () => {
  test('adds no element, in the data or around it', () => {
    const tagsOf = (profile: Profile): string[] =>
      [...encodeHtml(profile).matchAll(/<[a-z!/][^>]*?[\s>]/gi)].map(([tag]) => tag.trim());
    const stacks = hostileProfile().stacks.map(({ frames, count }) => ({
      frames: frames.map(({ kind }, index) => ({ name: `f${index}`, kind, object: '/a' })),
      count,
    }));
    expect(tagsOf(hostileProfile())).toEqual(tagsOf(profileOf(stacks)));
  });

  test('never reaches the script, which is the same for all profiles', () => {
    const scriptOf = (profile: Profile) => rawTexts(encodeHtml(profile), 'script').at(-1);
    expect(scriptOf(hostileProfile())).toBe(scriptOf(profileOf([stack(1, 'main')])) as string);
    expect(scriptOf(hostileProfile())).not.toMatch(/<!--|<script|<\/script/i);
  });

  test('is kept, with what cannot be shown replaced', () => {
    const { names, objects } = dataOf(encodeHtml(hostileProfile()));
    for (const name of HOSTILE_NAMES) {
      expect(names).toContain(displayText(name));
      expect(objects).toContain(displayText(name));
    }
    expect(names).toContain('\uFFFDgnp.exe');
  });

  test('as data has no character that ends a script or a line', () => {
    const text = jsonForScript({ '</script>': '<!-- \u2028 \u2029 & <script>' });
    expect(text).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(text)).toEqual({ '</script>': '<!-- \u2028 \u2029 & <script>' });
  });

  test('in elements and attributes is one line of text', () => {
    expect(escapeHtml('<a href="x">\'&\n\u202e\0')).toBe(
      '&lt;a href=&quot;x&quot;&gt;&#39;&amp; \uFFFD\uFFFD',
    );
  });

  test('of random profiles: the data is read back, as UTF-8 too', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const profile = randomProfile(randomOf(seed));
      if (profile.metadata.samples === 0) continue;
      const html = new TextDecoder('utf-8', { fatal: true }).decode(
        new TextEncoder().encode(encodeHtml(profile)),
      );
      const known = new Set(dataOf(html).names);
      for (const { frames, count } of profile.stacks) {
        if (count > 0) for (const { name } of frames) expect(known).toContain(displayText(name));
      }
    }
  });
});
