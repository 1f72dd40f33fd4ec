// `npm run release:version`: the next version, ready to be committed. A version that CHANGELOG.md calls
// unreleased gets today's date; else the changesets in .changeset/ become a section of CHANGELOG.md, and
// every package the version that they ask for.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { type Change, unreleased, withDate, withSection } from './changelog.ts';

interface Status {
  readonly changesets: readonly {
    readonly summary: string;
    readonly releases: readonly { readonly type: Change['type'] }[];
  }[];
  readonly releases: readonly { readonly newVersion: string }[];
}

const root = resolve(import.meta.dir, '../..');
const changelogFile = join(root, 'CHANGELOG.md');
const order: readonly Change['type'][] = ['major', 'minor', 'patch', 'none'];

function run(...command: string[]): void {
  const { success } = Bun.spawnSync(command, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (!success) throw new Error(`${command.join(' ')} failed`);
}

function readStatus(): Status {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-release-'));
  try {
    const file = join(folder, 'status.json');
    run('changeset', 'status', `--output=${relative(root, file)}`);
    return JSON.parse(readFileSync(file, 'utf8')) as Status;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const changelog = readFileSync(changelogFile, 'utf8');
const date = new Date().toISOString().slice(0, 10);
const { changesets, releases } = readStatus();
const version = releases[0]?.newVersion;
const waiting = unreleased(changelog);

if (waiting !== undefined) {
  if (changesets.length > 0) {
    console.error(
      `${waiting} is not out yet: move the lines of .changeset/ into its section of CHANGELOG.md`,
    );
    process.exit(1);
  }
  writeFileSync(changelogFile, withDate(changelog, date));
  console.log(`CHANGELOG.md: ${waiting} is of ${date}`);
} else if (version === undefined) {
  console.log('no changesets: nothing to release');
} else {
  const changes = changesets.map(({ summary, releases }) => ({
    summary,
    type: order.find((type) => releases.some((release) => release.type === type)) ?? 'none',
  }));
  writeFileSync(changelogFile, withSection(changelog, version, date, changes));
  run('changeset', 'version');
  run('npm', 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');
  console.log(`every package is ${version} now; look at CHANGELOG.md and commit`);
}
