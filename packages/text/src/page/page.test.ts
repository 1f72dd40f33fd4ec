import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { contentSecurityPolicy, escapeHtml, wholePage } from './index.ts';

test('a policy lets the one script and the one style be, and nothing from elsewhere', () => {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = contentSecurityPolicy('let a = "é";', 'p { color: red }');
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    `script-src ${hash('let a = "é";')}`,
    `style-src ${hash('p { color: red }')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

test('text is safe between tags and in attributes of either quote', () => {
  expect(escapeHtml(`<img src='x' onerror="a&b">`)).toBe(
    '&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;',
  );
  expect(escapeHtml('日本 é')).toBe('日本 é');
});

test('a page has its policy, its icon and its style before its body', () => {
  const [script, style] = ['run();', 'p { color: red }'];
  const parts = { title: 'A &amp; B', icon: 'data:,', style, script };
  const page = wholePage({ ...parts, body: ['<p>one</p>', `<script>${script}</script>`] });
  expect(page).toStartWith('<!DOCTYPE html>\n<html lang="en">\n');
  expect(page).toContain(`content="${contentSecurityPolicy(script, style)}"`);
  expect(page).toContain('<title>A &amp; B</title>\n<link rel="icon" href="data:,">\n');
  expect(page).toEndWith('<body>\n<p>one</p>\n<script>run();</script>\n</body>\n</html>\n');
});
