/**
 * Breaks each rule of the cache on purpose, one at a time, and sees that a test notices: a rule
 * that can be broken unseen is not tested. `bun scripts/mutate.ts [NAME]`. Works on a copy of the
 * package in a temporary folder; exits 1 if a mutant survives, or no longer fits the source.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Mutant {
  readonly rule: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Which tests have to notice. Default: the properties alone. */
  readonly tests?: readonly string[];
}

const MODEL = ['model.test.ts'];
const mutants: Mutant[] = [
  {
    rule: 'a lookup compares the start time',
    file: 'src/cache.ts',
    from: 'if (reader.matchesProcess(owner)) {',
    to: 'if (owner.startTimeTicks > 0) {',
  },
  {
    rule: 'a lookup compares the image',
    file: 'src/cache.ts',
    from: 'if (reader.matchesImage(owner.layoutFingerprint)) return',
    to: 'return',
  },
  {
    rule: 'a field read checks the start time',
    file: 'src/field-reader.ts',
    from: "if (probe.ended || !this.matchesProcess(probe)) return 'gone';",
    to: "if (probe.ended) return 'gone';",
  },
  {
    rule: 'a field read checks the owner afterwards',
    file: 'src/field-reader.ts',
    from: "      if (owner === 'gone') {\n        this.#settled.set(attempt.source, 'gone');",
    to: "      if (owner === ('never' as string)) {\n        this.#settled.set(attempt.source, 'gone');",
  },
  {
    rule: 'a field read checks the owner beforehand',
    file: 'src/field-reader.ts',
    from: "return owner === 'same' ? [...sources] : [];",
    to: 'return [...sources];',
    tests: ['reuse-and-exec.test.ts'],
  },
  {
    rule: 'an image that was replaced reads nothing more',
    file: 'src/field-reader.ts',
    from: 'if (this.#superseded) return false;',
    to: 'if (this.#superseded && layoutFingerprint < 0) return false;',
    tests: ['seeding.test.ts'],
  },
  {
    rule: 'an exec drops the fields that it changes',
    file: 'src/fields.ts',
    from: '    ...emptyValues(),\n    cwd: values.cwd,',
    to: '    ...values,\n    cwd: values.cwd,',
    tests: ['reuse-and-exec.test.ts'],
  },
  {
    rule: 'a zombie is gone',
    file: 'src/cache.ts',
    from: "if (stat === 'gone' || stat === 'unknown' || stat.ended) return undefined;",
    to: "if (stat === 'gone' || stat === 'unknown') return undefined;",
  },
  {
    rule: 'an exit only marks',
    file: 'src/cache.ts',
    from: 'for (const slot of slots) this.#store.markExited(slot);',
    to: "for (const slot of slots) this.#store.evict(slot, 'exited');",
    tests: ['grace-cycle.test.ts'],
  },
  {
    rule: 'the end of a cycle evicts',
    file: 'src/cache.ts',
    from: "this.#store.evict(slot, slot.pending === 'superseded' ? 'exec' : 'exited');",
    to: '',
  },
  {
    rule: 'a graced entry does not answer for a pid with a new owner',
    file: 'src/entry-store.ts',
    from: 'else slot.displaced = true;',
    to: '',
    tests: ['grace-cycle.test.ts'],
  },
  {
    rule: 'earlier owners do not come back to the head of a pid',
    file: 'src/entry-table.ts',
    from: 'return slot === undefined || slot.displaced ? undefined : slot;',
    to: 'return slot;',
    tests: [...MODEL, 'grace-cycle.test.ts', 'counterexamples.test.ts'],
  },
  {
    rule: 'lookups by identity compare the generation',
    file: 'src/identity.ts',
    from: 'a.execId !== undefined && a.execId === b.execId &&',
    to: '',
  },
  {
    rule: 'an unknown generation is like no other',
    file: 'src/identity.ts',
    from: 'a.execId !== undefined && a.execId === b.execId &&',
    to: '(a.execId === undefined || b.execId === undefined || a.execId === b.execId) &&',
    tests: ['exact-image.test.ts'],
  },
  {
    rule: 'two processes of one tick are told apart by their folder in /proc',
    file: 'src/field-reader.ts',
    from: 'return this.#instance === 0 || instance === 0 || instance === this.#instance;',
    to: 'return instance >= 0;',
    tests: ['same-tick.test.ts'],
  },
  {
    rule: 'a record is not completed from the image that was there before',
    file: 'src/field-reader.ts',
    from: 'if (this.#layoutFingerprint === 0 && layoutFingerprint !== this.#notLayoutFingerprint)',
    to: 'if (this.#layoutFingerprint === 0)',
    tests: ['same-tick.test.ts'],
  },
  {
    rule: 'nothing is carried over to a record from an image of unknown generation',
    file: 'src/exec-seeding.ts',
    from: 'return insertSeeded(store, exited, { ...init, notLayoutFingerprint: reader.layoutFingerprint });',
    to: 'return insertSeeded(store, exited, { ...init, values: completed(init.values, reader.successor(execId).values) });',
    tests: ['same-tick.test.ts'],
  },
  {
    rule: 'resync finds what changed its program without a record',
    file: 'src/cache.ts',
    from: 'const dropped = this.prune() + this.#dropReplaced();',
    to: 'const dropped = this.prune();',
    tests: ['exact-image.test.ts'],
  },
  {
    rule: 'a missing procfs is not a missing process',
    file: 'src/cache.ts',
    from: "if (!(error instanceof ProcfsError) || error.code === 'no-procfs') throw error;",
    to: 'if (!(error instanceof ProcfsError)) throw error;',
    tests: ['no-procfs.test.ts'],
  },
  {
    rule: 'a fixed layout is told apart by the executable',
    file: 'src/procfs/stat.ts',
    from: 'layoutFingerprintOf(layout, fixed ? evidence.executable(pid) : 0)',
    to: 'layoutFingerprintOf(layout, fixed ? 1 : 0)',
    tests: ['exec-between-reads.test.ts'],
  },
  {
    rule: 'where the executable tells images apart, a name is of a line between two like it',
    file: 'src/procfs/real.ts',
    from: 'if (!this.#askedForExecutable) return stat;',
    to: 'return stat;',
    tests: ['exec-between-reads.test.ts'],
  },
  {
    rule: 'lengths tell images apart',
    file: 'src/procfs/layout-fingerprint.ts',
    from: '  sum = mix(sum, layout.envStart, first, second);\n',
    to: '',
    tests: ['exec-between-reads.test.ts'],
  },
  {
    rule: 'lookups by identity compare the start time',
    file: 'src/identity.ts',
    from: '    a.startTime === b.startTime &&\n',
    to: '',
  },
  {
    rule: 'start times within a tick are told apart by nanoseconds',
    file: 'src/identity.ts',
    from: '      a.startBoottimeNs === b.startBoottimeNs)',
    to: '      a.startTime === b.startTime)',
    tests: ['seeding.test.ts'],
  },
  {
    rule: 'an older record does not replace a newer image',
    file: 'src/exec-seeding.ts',
    from: 'if (isOlder) return undefined;',
    to: '',
    tests: ['seeding.test.ts'],
  },
  {
    rule: 'a record after the grace is dropped',
    file: 'src/exec-seeding.ts',
    from: "if (exited.phaseOf(identity) === 'over') return undefined;",
    to: '',
    tests: [...MODEL, 'counterexamples.test.ts'],
  },
  {
    rule: 'a record after the exit is in its grace',
    file: 'src/exec-seeding.ts',
    from: 'store.markExited(slot);',
    to: 'slot.pending = undefined;',
    tests: [...MODEL, 'grace-cycle.test.ts'],
  },
  {
    rule: 'never above capacity',
    file: 'src/entry-store.ts',
    from: 'return this.table.size >= this.#capacity;',
    to: 'return this.table.size > this.#capacity;',
  },
  {
    rule: 'policy reject keeps what is there',
    file: 'src/entry-store.ts',
    from: "if (this.#policy === 'reject' && this.table.pending.size === 0) {",
    to: "if (this.#policy === ('never' as string)) {",
    tests: ['capacity.test.ts'],
  },
  {
    rule: 'the dead make room first',
    file: 'src/entry-store.ts',
    from: '    this.#evictDead();\n    if (!this.isFull) return true;\n',
    to: '',
    tests: ['capacity.test.ts'],
  },
  {
    rule: 'the look for the dead is bounded',
    file: 'src/prune.ts',
    from: 'let probes = this.#probes;',
    to: 'let probes = this.#table.size;',
    tests: ['capacity.test.ts'],
  },
  {
    rule: 'use moves an entry away from eviction',
    file: 'src/entry-table.ts',
    from: 'if (slot === this.#mostRecent) return;',
    to: 'if (slot !== undefined) return;',
    tests: ['capacity.test.ts'],
  },
  {
    rule: 'peek counts as use',
    file: 'src/cache.ts',
    from: 'slot.peeked = true;',
    to: '',
    tests: ['capacity.test.ts'],
  },
  {
    rule: 'one warning each time it fills',
    file: 'src/entry-store.ts',
    from: 'if (this.#warned) return;',
    to: '',
    tests: ['capacity.test.ts'],
  },
  {
    rule: 'hits and misses add up',
    file: 'src/cache.ts',
    from: '    this.#counter.reuseDetected++;\n    this.#store.displace(slot);\n    this.#counter.misses++;',
    to: '    this.#counter.reuseDetected++;\n    this.#store.displace(slot);',
  },
  {
    rule: 'evictions are counted',
    file: 'src/entry-store.ts',
    from: 'this.counter.evictions[reason]++;',
    to: "if (reason !== 'reuse') this.counter.evictions[reason]++;",
  },
  {
    rule: 'concurrent reads are shared',
    file: 'src/field-reader.ts',
    from: 'unread.filter((source) => !reading.has(source))',
    to: 'unread',
  },
  {
    rule: 'rejected entries share their reads too',
    file: 'src/cache.ts',
    from: '      this.#shared(init) ??\n',
    to: '',
  },
  {
    rule: 'nothing is read in the middle of an exec',
    file: 'src/field-reader.ts',
    from: "      if (probe.layoutFingerprint === EXEC_IN_PROGRESS) return 'unknown';\n",
    to: '',
    tests: ['counterexamples.test.ts'],
  },
  {
    rule: 'only the first word of a command line shows',
    file: 'src/entry-description.ts',
    from: '[firstWord(cmdline)]',
    to: '[...cmdline]',
    tests: ['redaction.test.ts'],
  },
  {
    rule: 'a title is cut at its first word',
    file: 'src/procfs/cmdline.ts',
    from: '/^\\S*/',
    to: '/^.*/',
    tests: ['redaction.test.ts'],
  },
  {
    rule: 'values of the environment do not show',
    file: 'src/entry-description.ts',
    from: ': environ?.names(),',
    to: ': revealed(environ),',
    tests: ['redaction.test.ts'],
  },
  {
    rule: 'the name ends at the last parenthesis',
    file: 'src/procfs/stat.ts',
    from: 'let at = length - 1;\n  while (at >= 0 && bytes[at] !== CLOSE_PAREN) at--;',
    to: 'let at = 0;\n  while (at < length && bytes[at] !== CLOSE_PAREN) at++;',
    tests: ['procfs-formats.test.ts'],
  },
  {
    rule: 'a short read is not the end',
    file: 'src/procfs/read-file.ts',
    from: '      if (n === 0) break;\n      length += n;\n      if (buffer[length - 1] === 0x0a) break;',
    to: '      length += n;\n      break;',
    tests: ['procfs-failures.test.ts'],
  },
  {
    rule: 'EACCES is not ENOENT',
    file: 'src/procfs/error.ts',
    from: "return new ProcfsError('denied', pid, file, errno);",
    to: "return new ProcfsError('gone', pid, file, errno);",
    tests: ['procfs-failures.test.ts'],
  },
];

const packageRoot = dirname(import.meta.dirname);
const nodeModules = join(dirname(dirname(packageRoot)), 'node_modules');
const asked = process.argv[2];

const copy = mkdtempSync(join(tmpdir(), 'waggle-cache-mutants-'));
let failed = 0;
try {
  for (const name of ['src', 'test', 'package.json']) {
    cpSync(join(packageRoot, name), join(copy, name), { recursive: true });
  }
  symlinkSync(nodeModules, join(copy, 'node_modules'));

  for (const { rule, file, from, to, tests = MODEL } of mutants) {
    if (asked !== undefined && !rule.includes(asked)) continue;
    const path = join(copy, file);
    const original = readFileSync(path, 'utf8');
    if (original.split(from).length !== 2) {
      console.log(`stale     ${rule}: its text is not once in ${file}`);
      failed++;
      continue;
    }
    writeFileSync(
      path,
      original.replace(from, () => to),
    );
    const { status } = spawnSync(
      process.execPath,
      ['test', '--timeout', '60000', ...tests.map((name) => `./test/${name}`)],
      {
        cwd: copy,
        stdio: 'ignore',
        timeout: 120_000,
        env: { ...process.env, WAGGLE_RUNS: '10000' },
      },
    );
    writeFileSync(path, original);
    if (status === 0) failed++;
    console.log(`${status === 0 ? 'SURVIVED ' : 'killed   '} ${rule}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(failed === 0 ? 'every mutant was killed' : `${failed} need attention`);
process.exit(failed === 0 ? 0 : 1);
