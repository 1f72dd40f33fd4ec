// Turns the BTF of the built object into src/generated/layouts.ts: for each struct that
// userspace reads or writes its size and the offset of every field, for each enum its values,
// for each data section its variables. Nested structs are flattened with dots.

import { type Btf, type BtfType, parseBtf, resolveAlias, sizeOfType } from '../src/btf/btf.ts';
import { elfSection, symbolOffsets } from '../src/btf/section.ts';

const STRUCTS = [
  'fork_record',
  'exec_record',
  'exit_record',
  'exec_failed_record',
  'cgroup_record',
  'followed_record',
  'cgroup_step',
  'filter_settings',
  'tracked_process',
  'event_counters',
  'sample_key',
  'sample_value',
  'sample_counters',
  'object_key',
  'object_table',
  'address_space',
  'deferred_sample',
] as const;
const ENUMS = [
  'record_bounds',
  'record_type',
  'record_flags',
  'exec_marks',
  'cgroup_hierarchy',
  'filter_flags',
  'followed_bounds',
  'signal_bounds',
  'tracked_state',
  'kin_flags',
  'stack_bounds',
  'unwind_stop',
  'unwind_bounds',
  'deferred_bounds',
  'object_devices',
  'table_presence',
] as const;
const DATA_SECTIONS = ['.rodata'] as const;

type Field = readonly [name: string, offset: number, size: number];

/** TypeScript source text of the layouts of the object in `file`. */
export function generateLayouts(file: Uint8Array): string {
  const btf = parseBtf(elfSection(file, '.BTF'));
  const blocks = [
    '// Generated from the BTF of waggle.bpf.o by scripts/generate-layouts.ts. Do not edit.',
    ...STRUCTS.map((name) => structBlock(btf, name)),
    ...ENUMS.map((name) => enumBlock(btf, name)),
    ...DATA_SECTIONS.map((name) => dataSectionBlock(btf, name, symbolOffsets(file))),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function named<K extends BtfType['kind']>(
  btf: Btf,
  kind: K,
  name: string,
): Extract<BtfType, { kind: K }> {
  const found = btf.types.find((type) => type.kind === kind && type.name === name);
  if (found === undefined) throw new Error(`the object's BTF has no ${kind} ${name}`);
  return found as Extract<BtfType, { kind: K }>;
}

function fieldsOf(btf: Btf, type: BtfType, base: number, prefix: string): Field[] {
  if (type.kind !== 'struct') return [];
  return type.members.flatMap((member): Field[] => {
    const name = prefix + member.name;
    const memberType = resolveAlias(btf, member.type);
    const at = base + member.offset;
    if (memberType.kind === 'struct') return fieldsOf(btf, memberType, at, `${name}.`);
    return [[name, at, sizeOfType(btf, member.type)]];
  });
}

function structBlock(btf: Btf, name: string): string {
  const type = named(btf, 'struct', name);
  const fields = fieldsOf(btf, type, 0, '');
  return layoutBlock(`struct ${name}`, constantName(name), type.size, fields);
}

/** clang leaves offsets and size in the BTF of a data section at 0, for a linker to fill in. */
function dataSectionBlock(btf: Btf, name: string, offsets: ReadonlyMap<string, number>): string {
  const section = named(btf, 'datasec', name);
  const fields = section.variables.map((variable): Field => {
    const declared = btf.types[variable.type]?.name ?? '';
    return [declared, offsets.get(declared) ?? variable.offset, variable.size];
  });
  const size = Math.max(0, ...fields.map(([, offset, bytes]) => offset + bytes));
  return layoutBlock(`data section ${name}`, constantName(name.replace('.', '')), size, fields);
}

function enumBlock(btf: Btf, name: string): string {
  const values = named(btf, 'enum', name).values.map((entry) => `  ${entry.name}: ${entry.value},`);
  return [
    `/** enum ${name} */`,
    `export const ${constantName(name)} = {`,
    ...values,
    '} as const;',
  ].join('\n');
}

function layoutBlock(what: string, name: string, size: number, fields: readonly Field[]): string {
  const quoted = (field: string) => (/^[a-z_0-9]+$/i.test(field) ? field : `'${field}'`);
  return [
    `/** ${what}: bytes from its start, and bytes that each field takes */`,
    `export const ${name} = {`,
    `  size: ${size},`,
    '  offset: {',
    ...fields.map(([field, offset]) => `    ${quoted(field)}: ${offset},`),
    '  },',
    '  bytes: {',
    ...fields.map(([field, , bytes]) => `    ${quoted(field)}: ${bytes},`),
    '  },',
    '} as const;',
  ].join('\n');
}

function constantName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
