// What a release makes of CHANGELOG.md.

import { expect, test } from 'bun:test';
import { unreleased, withDate, withSection } from './changelog.ts';

const old = '# Changelog\n\nAll of it.\n\n## [0.1.0] - unreleased\n\n### Added\n\n- A.\n';

test('a version that is described and not out gets its date', () => {
  expect(unreleased(old)).toBe('0.1.0');
  const dated = withDate(old, '2027-01-02');
  expect(dated).toBe(old.replace('unreleased', '2027-01-02'));
  expect(unreleased(dated)).toBeUndefined();
});

test('changes stand above older versions, by kind, each as one item', () => {
  const changelog = withSection(withDate(old, '2027-01-02'), '0.2.0', '2027-02-03', [
    { type: 'patch', summary: 'C is repaired.\n\nIt was wrong.' },
    { type: 'minor', summary: 'B is new.\n' },
    { type: 'none', summary: 'Nobody sees this.' },
  ]);
  expect(changelog).toBe(`# Changelog

All of it.

## [0.2.0] - 2027-02-03

### Added

- B is new.

### Fixed

- C is repaired.
  It was wrong.

## [0.1.0] - 2027-01-02

### Added

- A.
`);
});
