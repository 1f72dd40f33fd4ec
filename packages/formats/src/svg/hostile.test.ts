import { describe, expect, test } from 'bun:test';
import { pictureOf, stack } from '../../test/picture.ts';
import {
  HOSTILE_NAMES,
  hostileProfile,
  pick,
  profileOf,
  randomOf,
  randomProfile,
} from '../../test/random-profile.ts';
import { byClass, descendants, parseXml, type XmlElement } from '../../test/strict-xml.ts';
import type { Profile } from '../profile.ts';
import { encodeSvg } from './index.ts';

describe('hostile text', () => {
  test('leaves the document well formed, with no more elements than it should have', () => {
    const text = encodeSvg(hostileProfile(), { title: HOSTILE_NAMES.slice(0, 20).join('') });
    const count = (svg: XmlElement, name: string): number =>
      descendants(svg).filter((element) => element.name === name).length;
    const svg = parseXml(text);
    expect(count(svg, 'script')).toBe(1);
    expect(count(svg, 'style')).toBe(1);
    expect(count(svg, 'metadata')).toBe(1);
    expect(byClass(svg, 'boxes')[0]?.children.length).toBe(3);
    expect(text).not.toMatch(/<\/script>.*<\/script>/s);
    expect(text).not.toContain(']]>');
  });

  test('never reaches the script, which is the same for all profiles', () => {
    const scriptOf = (profile: Profile): string | undefined =>
      descendants(parseXml(encodeSvg(profile))).find(({ name }) => name === 'script')?.text;
    expect(scriptOf(hostileProfile())).toBe(scriptOf(profileOf([stack(1, 'main')])) as string);
  });

  test('is shown, with what cannot be shown replaced', () => {
    const { names } = pictureOf(encodeSvg(hostileProfile()));
    const row = names[1] ?? [];
    expect(row).toContain('</script><script>globalThis.pwned=1</script>');
    expect(row).toContain('__proto__');
    expect(row).toContain('line break  and tab');
    expect(row).toContain('\uFFFD lone high');
    expect(row).toContain('\uFFFDgnp.exe');
    expect(row.length).toBe(HOSTILE_NAMES.length);
  });

  test('random texts stay well formed', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed);
      const units = Array.from({ length: 12 }, () =>
        String.fromCharCode(pick(random, [random() * 0x30, random() * 0x100, random() * 0x10000])),
      );
      const names = Array.from({ length: 20 }, () =>
        Array.from({ length: 1 + random() * 6 }, () => pick(random, units)).join(''),
      );
      expect(() => parseXml(encodeSvg(randomProfile(random, names))), `seed ${seed}`).not.toThrow();
    }
  });

  const python = Bun.which('python3');
  if (python === null) console.warn('SKIPPED: no python3, so no second XML parser reads the SVG');
  test.skipIf(python === null)('is accepted by a second XML parser (expat)', async () => {
    const inputs = [
      encodeSvg(hostileProfile()),
      encodeSvg(profileOf([])),
      ...Array.from({ length: 30 }, (_, seed) => encodeSvg(randomProfile(randomOf(seed)))),
    ];
    const program =
      'import json, sys, xml.dom.minidom as dom\n' +
      'for text in json.load(sys.stdin): dom.parseString(text.encode())\n' +
      'print("accepted")';
    const process = Bun.spawn([python ?? '', '-c', program], {
      stdin: new TextEncoder().encode(JSON.stringify(inputs)),
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [output, errors] = await Promise.all([
      new Response(process.stdout).text(),
      new Response(process.stderr).text(),
    ]);
    expect(errors).toBe('');
    expect(output.trim()).toBe('accepted');
  });
});
