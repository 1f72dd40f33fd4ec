import { expect, test } from 'bun:test';
import { layoutOf } from './layout.ts';
import { RECORDED_SYMBOLS, SAID_BY_ALL } from './recorded-symbols.ts';

const NEWEST = { major: 13, minor: 6 };

function said(own: Readonly<Record<string, number>>): Map<string, number> {
  const all = Object.entries({ ...SAID_BY_ALL, ...own });
  return new Map(all.map(([name, value]) => [`v8dbg_${name}`, value]));
}

function recorded(node: string) {
  const found = RECORDED_SYMBOLS.find((one) => one.node === node);
  if (found === undefined) throw new Error(`nothing of Node ${node}`);
  return layoutOf(said(found.says), found.version);
}

test('each version says where its fields are, by names of its own', () => {
  expect(recorded('18')).toMatchObject({
    ...{ function_shared: 24, shared_name: 16, shared_script: 32, scope_start: 0 },
    ...{ first_function_type: 2065, last_function_type: 2081, scope_module_kind: 16 },
  });
  expect(recorded('20')).toMatchObject({ function_shared: 24, shared_script: 32, scope_names: 32 });
  expect(recorded('22')).toMatchObject({
    ...{ function_shared: 32, shared_name: 16, shared_script: 32, scope_module_kind: 3 },
    ...{ first_function_type: 2066, last_function_type: 2082 },
  });
  expect(recorded('24')).toMatchObject({
    ...{ function_shared: 32, shared_name: 24, shared_script: 40, scope_start: 32 },
    ...{ scope_names: 48, scope_module_kind: 5, function: 16, context: 8 },
  });
});

test('what is not said is not guessed', () => {
  const values = said(RECORDED_SYMBOLS[3].says);
  values.delete('v8dbg_class_JSFunction__shared__SharedFunctionInfo');
  expect(layoutOf(values, NEWEST)).toEqual({
    why: 'it does not say class_JSFunction__shared__SharedFunctionInfo',
  });
});

test('what is not as the walk takes it for granted is not walked', () => {
  const compressed = said({ ...RECORDED_SYMBOLS[3].says, SmiShiftSize: 0 });
  expect(layoutOf(compressed, NEWEST)).toEqual({ why: 'SmiShiftSize is 0' });
});

test.each([
  ['class_JSFunction__shared__SharedFunctionInfo', 1 << 20],
  ['class_Script__name__Object', -8],
  ['class_Script__line_ends__Object', 20],
  ['off_fp_function', 16],
])('%s of %i cannot be', (name, value) => {
  const values = said({ ...RECORDED_SYMBOLS[3].says, [name]: value });
  expect(layoutOf(values, NEWEST)).toEqual({ why: 'what it says of itself cannot be' });
});
