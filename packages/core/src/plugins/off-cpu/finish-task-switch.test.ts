import { expect, test } from 'bun:test';
import { canProbeSwitches, switchFunctions } from './finish-task-switch.ts';

const KALLSYMS = `ffffffff810a1000 t finish_task_switch.isra.0
ffffffff810a1400 t finish_task_switch.isra.0.cold
ffffffff810a2000 T finish_task_switcher
ffffffff810a3000 T schedule
`;

test('the function that ends a switch is found by whatever name its compiler gave it', () => {
  expect(switchFunctions(KALLSYMS)).toEqual(['finish_task_switch.isra.0']);
  expect(switchFunctions('0 t finish_task_switch\n')).toEqual(['finish_task_switch']);
  expect(switchFunctions('0 t finish_task_switch.constprop.12.isra.0\n')).toHaveLength(1);
  expect(switchFunctions('ffffffff810a3000 T schedule\n')).toEqual([]);
});

test('kprobes have to be there as well', () => {
  expect(canProbeSwitches(KALLSYMS)).toBe(false);
  expect(canProbeSwitches(`${KALLSYMS}ffffffff811a0000 T register_kprobe\n`)).toBe(true);
});
