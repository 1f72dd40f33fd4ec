import { afterEach, expect, test } from 'bun:test';
import { CommanderError } from 'commander';
import { buildProgram } from '../program.ts';
import { chooseColour, hasColour } from './colour.ts';
import { palette } from './text.ts';

afterEach(() => chooseColour('auto'));

test('colours are for terminals, and not where NO_COLOR or the terminal says no', () => {
  expect(hasColour(true, { TERM: 'xterm' })).toBe(true);
  expect(hasColour(false, { TERM: 'xterm' })).toBe(false);
  expect(hasColour(true, { NO_COLOR: '1' })).toBe(false);
  expect(hasColour(true, { NO_COLOR: '' })).toBe(true);
  expect(hasColour(true, { TERM: 'dumb' })).toBe(false);
});

test('what --color says counts more', () => {
  chooseColour('always');
  expect(palette(false, { NO_COLOR: '1' }).red('x')).toContain('\u001b[31m');
  chooseColour('never');
  expect(palette(true, { TERM: 'xterm' }).red('x')).toBe('x');
});

test.each(['trace', 'history', 'diff', 'ps', 'doctor'])('%s has it', (name) => {
  const command = buildProgram(name).commands.find((each) => each.name() === name);
  const option = command?.options.find(({ long }) => long === '--color');
  expect(option?.argChoices).toEqual(['auto', 'always', 'never']);
  option?.parseArg?.('always', undefined as never);
  expect(hasColour(false, {})).toBe(true);
  expect(() => option?.parseArg?.('often', undefined as never)).toThrow(CommanderError);
});
