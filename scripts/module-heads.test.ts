import { expect, test } from 'bun:test';
import { hasHead, withHead } from './module-heads.ts';

test.each([
  ['// What it is.\n\nimport "a";\n', '/** What it is. */\n\nimport "a";\n'],
  [
    '// What it is,\n//\n//   in lines.\nconst a = 1;\n',
    '/**\n * What it is,\n *\n *   in lines.\n */\nconst a = 1;\n',
  ],
  [
    '#!/usr/bin/env bun\n// What it is.\nrun();\n',
    '#!/usr/bin/env bun\n/** What it is. */\nrun();\n',
  ],
  ['// Ends no comment: */\nrun();\n', '/** Ends no comment: *\\/ */\nrun();\n'],
])('%j gets its head', (source, expected) => {
  expect(withHead(source)).toBe(expected);
  expect(hasHead(expected)).toBe(true);
});

test('what has no comment is named, and stays as it is', () => {
  const source = 'import "a";\n\n// Of something else.\nconst a = 1;\n';
  expect(withHead(source)).toBe(source);
  expect(hasHead(source)).toBe(false);
  expect(hasHead('/* no documentation */\nrun();\n')).toBe(false);
});
