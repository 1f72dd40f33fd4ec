import { describe, expect, test } from 'bun:test';
import { Budget, type Spent } from './budget.ts';

const LIMITS = { cpu: 0.5, memoryBytes: 500 };
const SECONDS = 2;

const spent = (cpu: number, memoryBytes = 100): Spent => ({ cpu, memoryBytes, seconds: SECONDS });

/** Levels after each look, as many as it takes for so many seconds. */
function looks(budget: Budget, seen: Spent, seconds: number): number[] {
  return Array.from({ length: seconds / SECONDS }, () => {
    budget.look(seen);
    return budget.level;
  });
}

describe('a budget', () => {
  test('gives up nothing for one moment of too much', () => {
    const budget = new Budget(LIMITS);
    for (let round = 0; round < 50; round++) {
      expect(budget.look(spent(0.9))).toBe(false);
      expect(budget.look(spent(0.1))).toBe(false);
    }
    expect(budget.step).toEqual({ hasProfile: true, perSecond: undefined });
  });

  test('gives up the profile first, then ever more processes, and then nothing more', () => {
    const budget = new Budget(LIMITS);
    expect(looks(budget, spent(0.9), 8)).toEqual([0, 1, 1, 2]);
    expect(budget.step).toEqual({ hasProfile: false, perSecond: 1667 });
    expect(budget.excess).toBe('cpu');
    expect(looks(budget, spent(0.9), 12)).toEqual([2, 3, 3, 4, 4, 4]);
    expect(budget.step).toEqual({ hasProfile: false, perSecond: 104 });
  });

  test('says that it was memory', () => {
    const budget = new Budget(LIMITS);
    looks(budget, spent(0.1, 501), 4);
    expect(budget.excess).toBe('memory');
    expect(budget.level).toBe(1);
  });

  test('takes a step back after half a minute of quiet, not of a little less than too much', () => {
    const budget = new Budget(LIMITS);
    looks(budget, spent(0.9), 8);
    expect(looks(budget, spent(0.4), 600).at(-1)).toBe(2);
    const levels = looks(budget, spent(0.1), 62);
    expect(levels[13]).toBe(2);
    expect(levels[14]).toBe(1);
    expect(levels.at(-1)).toBe(0);
  });

  test('waits longer each time that it took a step back too early', () => {
    const budget = new Budget(LIMITS);
    const waits: number[] = [];
    for (let round = 0; round < 8; round++) {
      looks(budget, spent(0.9), 4);
      let seconds = 0;
      while (budget.level > 0) {
        budget.look(spent(0.1));
        seconds += SECONDS;
      }
      waits.push(seconds);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 960, 960]);
    // After a long peace it is half a minute again.
    looks(budget, spent(0.1), 100);
    looks(budget, spent(0.9), 4);
    expect(looks(budget, spent(0.1), 30).at(-1)).toBe(0);
  });

  test('has other limits from now on, and begins anew', () => {
    const budget = new Budget(LIMITS);
    looks(budget, spent(0.9), 8);
    budget.setLimits({ ...LIMITS });
    expect(budget.level).toBe(2);
    budget.setLimits({ cpu: 0.05, memoryBytes: 500 });
    expect(budget.level).toBe(0);
    expect(looks(budget, spent(0.1), 8).at(-1)).toBe(2);
    expect(budget.step.perSecond).toBe(167);
  });
});
