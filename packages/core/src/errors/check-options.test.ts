import { expect, test } from 'bun:test';
import { createAgent } from '../agent/create-agent.ts';
import { checkSessionConfig } from '../session/check-config.ts';
import { BadOption } from './errors.ts';

const WRONG: readonly unknown[] = [-1, Number.NaN, Number.NEGATIVE_INFINITY, '99', null, {}, 5n];

function optionRefused(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    expect(error.message).toStartWith(`${error.option} must be `);
    return error.option;
  }
}

test.each([
  ['ringBytes', [0, 4095, 5000, 2 ** 31]],
  ['cycleMs', ['manually']],
  ['drainMs', ['soon']],
  ['watchdogMs', [0]],
  ['launcher', [0, 1.5]],
] as const)('a session refuses a wrong %s', (option, more) => {
  for (const value of [...WRONG, ...more])
    expect(optionRefused(() => checkSessionConfig({ [option]: value }))).toBe(option);
});

test('a session refuses pids and limits that are none, by their name', () => {
  const wrong = (config: object) => optionRefused(() => checkSessionConfig(config));
  for (const pid of [...WRONG, 0, 1.5]) expect(wrong({ pids: [1, pid] })).toBe('pids');
  expect(wrong({ pids: 5 })).toBe('pids');
  for (const perSecond of [...WRONG, 0])
    expect(wrong({ rateLimit: { perSecond } })).toBe('rateLimit.perSecond');
  for (const burst of [...WRONG, 0.5])
    expect(wrong({ rateLimit: { perSecond: 5, burst } })).toBe('rateLimit.burst');
});

test('lists and groups of options are refused by their name', () => {
  const wrong = (config: object) => optionRefused(() => checkSessionConfig(config));
  for (const plugins of [{}, 'x', null, [{}], [null], [() => 1]])
    expect(wrong({ plugins })).toBe('plugins');
  for (const cgroups of ['/sys/fs/cgroup', 5, [5], [''], null, {}])
    expect(wrong({ cgroups })).toBe('cgroups');
  for (const pids of ['1', {}, null]) expect(wrong({ pids })).toBe('pids');
  for (const rateLimit of [5, 'x', true, null]) expect(wrong({ rateLimit })).toBe('rateLimit');
});

test('an agent refuses options of a wrong kind, and starts nothing', async () => {
  const wrong = {
    command: ['ls -l', [], [''], ['ls', 5], null, {}],
    commandOutput: ['pipe', '', 5, null],
    earlyEvents: [-1, 0.5, '8', null],
    metadata: [true, 'x', null],
    plugins: [{}, 'x', null, [{}]],
    profile: [true, 99, null],
  };
  for (const [option, values] of Object.entries(wrong))
    for (const value of values)
      await expect(createAgent({ [option]: value } as never)).rejects.toMatchObject({
        _tag: 'BadOption',
        option,
      });
});

test('what is right is taken', () => {
  const config = {
    pids: [1],
    ringBytes: 65536,
    cycleMs: 'manual',
    drainMs: 0,
    rateLimit: { perSecond: 0.5 },
  } as const;
  expect(() => checkSessionConfig(config)).not.toThrow();
  expect(() => checkSessionConfig({ drainMs: Number.POSITIVE_INFINITY })).not.toThrow();
});
