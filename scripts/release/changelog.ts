// The next section of CHANGELOG.md, from changesets.

export interface Change {
  readonly type: 'major' | 'minor' | 'patch' | 'none';
  /** What users read: one line, or a few. */
  readonly summary: string;
}

const titles = { major: 'Changed', minor: 'Added', patch: 'Fixed' } as const;

/** Versions that are described already, but not out: their heading says "unreleased". */
export function unreleased(changelog: string): string | undefined {
  return /^## \[(.+)\] - unreleased$/m.exec(changelog)?.[1];
}

export function withDate(changelog: string, date: string): string {
  return changelog.replace(/^(## \[.+\] - )unreleased$/m, `$1${date}`);
}

/** The changelog with a section for `version` above all others. */
export function withSection(
  changelog: string,
  version: string,
  date: string,
  changes: readonly Change[],
): string {
  const groups = (['major', 'minor', 'patch'] as const).flatMap((type) => {
    const lines = changes
      .filter((change) => change.type === type)
      .map(({ summary }) => item(summary));
    return lines.length === 0 ? [] : [`### ${titles[type]}\n\n${lines.join('\n')}\n`];
  });
  const section = `## [${version}] - ${date}\n\n${groups.join('\n')}`;
  const first = changelog.search(/^## /m);
  if (first < 0) return `${changelog.trimEnd()}\n\n${section}`;
  return `${changelog.slice(0, first)}${section}\n${changelog.slice(first)}`;
}

function item(summary: string): string {
  return `- ${summary.trim().replace(/\n+/g, '\n  ')}`;
}
