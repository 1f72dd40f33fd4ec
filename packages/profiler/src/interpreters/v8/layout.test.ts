import { expect, test } from 'bun:test';
import { v8Operation } from '@waggle/bpf';
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
  const known = layoutOf(said(found.says), found.version);
  if ('why' in known) throw new Error(known.why);
  return known;
}
const layout = (node: string) => recorded(node).layout;

test('each version says where its fields are, by names of its own', () => {
  expect(layout('18')).toMatchObject({
    ...{ function_shared: 24, shared_name: 16, shared_script: 32, scope_start: 0 },
    ...{ first_function_type: 2065, last_function_type: 2081, scope_module_kind: 16 },
  });
  expect(layout('20')).toMatchObject({ function_shared: 24, shared_script: 32, scope_names: 32 });
  expect(layout('22')).toMatchObject({
    ...{ function_shared: 32, shared_name: 16, shared_script: 32, scope_module_kind: 3 },
    ...{ first_function_type: 2066, last_function_type: 2082 },
  });
  expect(layout('24')).toMatchObject({
    ...{ function_shared: 32, shared_name: 24, shared_script: 40, scope_start: 32 },
    ...{ scope_names: 48, scope_module_kind: 5, function: 16, context: 8 },
  });
});

test('each version has its own place for what is inlined', () => {
  expect(layout('18')).toMatchObject({
    ...{ code_type: 240, stream_type: 240, stream_bytes: 128, code_start: 0, data_type: 179 },
    ...{ optimised_kind: 12, operation_shift: 1, has_basis: 0, begin_functions: 1 },
  });
  expect(layout('20')).toMatchObject({ stream_bytes: 16, code_start: 40, data_type: 175 });
  expect(layout('22')).toMatchObject({ stream_bytes: 32, code_data: 8, data_type: 213 });
  expect(layout('24')).toMatchObject({
    ...{ code_flags: 52, optimised_kind: 11, data_type: 193, data_literals: 5, data_id: 8 },
    ...{ safepoints_length: 4, maglev_safepoints_bytes: 16 },
  });
});

test('operations have the numbers that each version writes', () => {
  const begins = ['18', '20', '22', '24'].map((node) =>
    recorded(node).operations.findIndex((one) => one & v8Operation.V8_OPERATION_BEGINS),
  );
  expect(begins).toEqual([3, 2, 12, 14]);
  const counts = ['18', '20', '22', '24'].map((node) => recorded(node).operations.length);
  expect(counts).toEqual([28, 36, 40, 45]);
});

test('of another version nothing is known that is inlined, and its functions are', () => {
  const found = layoutOf(said(RECORDED_SYMBOLS[3].says), { major: 13, minor: 7 });
  expect(found).toMatchObject({ layout: { code_type: 0, function_shared: 32 }, operations: [] });
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
