// The public API of every package as text, in packages/<name>/api/<entry>.api.md: what a user can import,
// without comments. `npm run check` fails where it is another one than what is checked in; `npm run api`
// writes it anew, so that a change of the API is seen in review. Made from the built .d.ts files.
//
//   bun scripts/api/main.ts            writes the reports; the packages have to be built
//   bun scripts/api/main.ts --check    only compares

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly bin?: unknown;
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
}

const root = resolve(import.meta.dir, '../..');
const isCheck = process.argv.includes('--check');
let changed: string[] = [];

for (const path of [...new Bun.Glob('packages/*/package.json').scanSync(root)].sort()) {
  const folder = join(root, path, '..');
  const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest;
  // A command is used by its options, which its own help and README describe.
  if (manifest.private || manifest.bin !== undefined) continue;
  const entries = Object.entries(manifest.exports).map(([subpath, { types }]) => ({
    name: subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-'),
    types,
  }));
  for (const { name, types } of entries) {
    if (!report(folder, name, join(folder, types))) changed = [...changed, `${path}: ${name}`];
  }
  const stale = filesIn(join(folder, 'api')).filter(
    (file) => !entries.some(({ name }) => file === `${name}.api.md`),
  );
  for (const file of stale) {
    if (isCheck) changed = [...changed, `${path}: ${file} is of no entry`];
    else rmSync(join(folder, 'api', file));
  }
}

if (isCheck && changed.length > 0) {
  console.log(`the public API has changed:\n${changed.map((line) => `    ${line}\n`).join('')}\
if that is meant, run \`npm run api\` and commit the reports`);
  process.exit(1);
}

/** True if the report is what is checked in. */
function report(folder: string, name: string, types: string): boolean {
  if (!isCheck) mkdirSync(join(folder, 'api'), { recursive: true });
  const temporary = mkdtempSync(join(tmpdir(), 'waggle-api-'));
  try {
    const config = ExtractorConfig.prepare({
      packageJsonFullPath: join(folder, 'package.json'),
      configObjectFullPath: undefined,
      configObject: {
        projectFolder: folder,
        mainEntryPointFilePath: types,
        newlineKind: 'lf',
        compiler: {
          overrideTsconfig: {
            compilerOptions: {
              target: 'es2022',
              lib: ['es2024', 'esnext.disposable'],
              module: 'esnext',
              moduleResolution: 'bundler',
              types: ['bun'],
              strict: true,
              skipLibCheck: true,
            },
            files: [types],
          },
        },
        apiReport: {
          enabled: true,
          reportFolder: temporary,
          reportFileName: name,
          reportTempFolder: join(temporary, 'temp'),
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
          extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
          tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        },
      },
    });
    Extractor.invoke(config, {
      localBuild: true,
      messageCallback: (message) => {
        if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
      },
    });
    const made = inFixedOrder(readFileSync(join(temporary, `${name}.api.md`), 'utf8'));
    const path = join(folder, 'api', `${name}.api.md`);
    const isSame = existsSync(path) && readFileSync(path, 'utf8') === made;
    if (!isSame && !isCheck) writeFileSync(path, made);
    return isSame;
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** The compiler writes inferred unions of texts in the order in which it met them: another one in each build. */
function inFixedOrder(report: string): string {
  return report.replace(/"[^"\n]*"(?: \| "[^"\n]*")+/g, (union) =>
    union.split(' | ').sort().join(' | '),
  );
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
