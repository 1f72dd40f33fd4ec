import { afterAll, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { buildProgram } from '../program.ts';
import { applyDefaults } from './apply.ts';
import { BadConfig, configFiles } from './config-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function parseCount(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('Give a number.');
  return Number(value);
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

/** What a command is called with, by these defaults and these arguments. */
function called(
  defaults: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Record<string, unknown> {
  const take = new Command('take')
    .option('--max-rate <count>', 'a number', parseCount, 5)
    .option('-o, --output <file>', 'any number of them', collect)
    .option('--quick', 'a flag')
    .option('--no-mouse', 'another')
    .addOption(new Option('--how <way>', 'one of two').choices(['a', 'b']))
    .action(() => {});
  const program = new Command('waggle').addCommand(take).exitOverride();
  applyDefaults(program, [{ path: '/config.json', defaults: { take: defaults } }], env);
  program.parse(['take', ...args], { from: 'user' });
  return take.opts();
}

test('the command line counts more than variables, these more than files, all more than what is built in', () => {
  expect(called({}, {})).toMatchObject({ maxRate: 5 });
  expect(called({ 'max-rate': 6 }, {})).toMatchObject({ maxRate: 6 });
  expect(called({ 'max-rate': 6 }, { WAGGLE_TAKE_MAX_RATE: '7' })).toMatchObject({ maxRate: 7 });
  expect(called({ 'max-rate': 6 }, { WAGGLE_TAKE_MAX_RATE: '7' }, '--max-rate', '8')).toMatchObject(
    { maxRate: 8 },
  );
});

test('flags are set and left, also those that switch off; lists are added to', () => {
  expect(called({ quick: true, 'no-mouse': true }, {})).toMatchObject({
    quick: true,
    mouse: false,
  });
  expect(called({ quick: false }, { WAGGLE_TAKE_NO_MOUSE: '0' })).toMatchObject({ mouse: true });
  expect(called({ quick: false }, {}).quick).toBeUndefined();
  expect(called({ output: ['a', 'b'] }, {}, '-o', 'c')).toMatchObject({ output: ['a', 'b', 'c'] });
  expect(called({ how: 'b' }, {})).toMatchObject({ how: 'b' });
});

test.each([
  [{ 'max-rate': 'many' }, {}, /\/config\.json: --max-rate of take: Give a number/],
  [{ 'max-rate': { a: 1 } }, {}, /neither text nor a number/],
  [{ how: 'c' }, {}, /--how of take: Allowed choices are a, b/],
  [{ quick: 'perhaps' }, {}, /"perhaps" is neither true nor false/],
  [{ maxRate: 1 }, {}, /take has no option "maxRate"; see waggle take --help/],
  [{}, { WAGGLE_TAKE_MAX_RATE: 'x' }, /WAGGLE_TAKE_MAX_RATE: --max-rate of take: Give a number/],
] as const)('%j with %j is a mistake that is told', (defaults, env, message) => {
  expect(() => called(defaults, env as unknown as Record<string, string>)).toThrow(message);
});

test('of every option of every command', () => {
  const file = { path: '/c', defaults: { record: { frequency: 199, redact: ['a', 'b'] } } };
  const applied = applyDefaults(buildProgram(), [file], { WAGGLE_TRACE_TREE: '1' });
  expect(applied).toEqual([
    { command: 'trace', option: 'tree', value: '1', from: 'WAGGLE_TRACE_TREE' },
    { command: 'record', option: 'frequency', value: 199, from: '/c' },
    { command: 'record', option: 'redact', value: ['a', 'b'], from: '/c' },
  ]);
  expect(() =>
    applyDefaults(buildProgram(), [{ path: '/c', defaults: { tracee: {} } }], {}),
  ).toThrow('/c: there is no command "tracee"; there are trace, record');
});

test('the file of the user is found, or that which is named, and read only where nobody else writes it', () => {
  const path = join(folder, 'waggle/config.json');
  mkdirSync(join(folder, 'waggle'));
  expect(configFiles({ XDG_CONFIG_HOME: folder }).map((file) => file.path)).not.toContain(path);
  writeFileSync(path, '{"record": {"frequency": 9}}', { mode: 0o600 });
  const file = { path, defaults: { record: { frequency: 9 } } };
  expect(configFiles({ XDG_CONFIG_HOME: folder })).toContainEqual(file);
  expect(configFiles({ WAGGLE_CONFIG: path })).toEqual([file]);
  expect(() => configFiles({ WAGGLE_CONFIG: join(folder, 'none') })).toThrow(/there is no/);
  expect(() => configFiles({ WAGGLE_CONFIG: folder })).toThrow(/is no file/);
  chmodSync(path, 0o666);
  expect(() => configFiles({ WAGGLE_CONFIG: path })).toThrow(/others may write to .* chmod go-w/);
  chmodSync(path, 0o600);
  for (const text of ['{', '[]', '{"record": 1}']) {
    writeFileSync(path, text);
    expect(() => configFiles({ WAGGLE_CONFIG: path })).toThrow(BadConfig);
  }
});

test('a user without a home, or with one that is closed to us, has no defaults', () => {
  expect(configFiles({})).toEqual([]);
  expect(configFiles({ XDG_CONFIG_HOME: '.', HOME: '' })).toEqual([]);
  expect(configFiles({ HOME: '/proc/self/no-such' })).toEqual([]);
});
