/**
 * HotSpot 8 to 25, the virtual machine of OpenJDK: known by the tables that every libjvm.so exports for the
 * serviceability agent. What was stripped does not matter.
 */

import { hotspotField, hotspotFlags, interpreter, interpreterKind } from '@waggle/bpf';
import type { ElfImage } from '@waggle/symbols';
import type { Interpreter, InterpreterDescription, UnknownInterpreter } from '../interpreter.ts';
import { FIELDS, type FieldName, OPTIONAL } from './fields.ts';
import { readVmStructs, staticInt, type VmStructs } from './vm-structs.ts';

const EM_X86_64 = 62;
/** Up to here layouts are known; the newest that was run. */
const NEWEST = 25;
/** Bytes of each that the walk has room for. */
const MAX_BLOB = 512;
const MAX_CLASS = 128;

export const hotspot: Interpreter = {
  name: 'HotSpot',
  fileNames: /^libjvm\.so$/,
  recognise,
  generates: true,
};

/** What is told of one libjvm.so. */
export interface HotspotTables {
  readonly flags: number;
  readonly sizes: Readonly<Record<(typeof SIZES)[number][0], number>>;
  readonly bytecodeSlot: number;
  /** Virtual address of the pointer to the code heaps. */
  readonly heaps: number;
  /** Virtual addresses of the offsets. */
  readonly fields: ReadonlyMap<FieldName, number>;
}

/** Classes whose sizes are wanted: as the walk calls each, its name, and the most that it can be. */
const SIZES = [
  ['blob_bytes', 'nmethod', MAX_BLOB],
  ['heap_block_bytes', 'HeapBlock', 64],
  ['const_method_bytes', 'ConstMethod', MAX_CLASS],
  ['pool_bytes', 'ConstantPool', MAX_CLASS],
  ['pc_bytes', 'PcDesc', 64],
] as const;

function recognise(elf: ElfImage): InterpreterDescription | UnknownInterpreter | undefined {
  const structs = readVmStructs(elf);
  if (structs === undefined) return undefined;
  const major = majorOf(elf, structs);
  const name = major === undefined ? 'HotSpot' : `HotSpot ${major}`;
  if (elf.machine !== EM_X86_64) return { unknown: `${name}: only that of x86-64 is walked` };
  if (major === undefined || major < 8 || major > NEWEST)
    return { unknown: `${name}: neither 8 nor one up to ${NEWEST}` };
  const tables = tablesOf(structs, major);
  if ('missing' in tables)
    return { unknown: `${name}: it does not say where ${tables.missing} is` };
  const code = elf.loads.find(({ executable }) => executable);
  if (code === undefined) return undefined;
  return {
    name,
    object: '[java]',
    evaluation: [],
    bytes: encoded(tables, code.vaddr - code.fileOffset),
    lineTable: major >= 20 ? 'hotspot-20' : 'hotspot',
    naming: 'hotspot',
  };
}

/** Of the Java version. Before 9 the machine's own is another one. */
function majorOf(elf: ElfImage, structs: VmStructs): number | undefined {
  if (structs.fields.has('CodeCache._heap')) return 8;
  return staticInt(elf, structs, 'Abstract_VM_Version._vm_major_version');
}

export function tablesOf(
  structs: VmStructs,
  major: number,
): HotspotTables | { readonly missing: string } {
  const has = (name: string) => structs.fields.has(name);
  const fields = new Map<FieldName, number>();
  for (const [field, names] of Object.entries(FIELDS) as [FieldName, readonly string[]][]) {
    const at = names
      .map((name) => structs.fields.get(name)?.offsetAt)
      .find((it) => it !== undefined);
    if (at !== undefined) fields.set(field, at);
    else if (!OPTIONAL.has(field)) return { missing: names.join(' or ') };
  }
  const heaps = (structs.fields.get('CodeCache._heaps') ?? structs.fields.get('CodeCache._heap'))
    ?.address;
  if (heaps === undefined) return { missing: 'CodeCache._heaps' };
  const sizes: Record<string, number> = {};
  for (const [field, type, most] of SIZES) {
    const size = structs.sizes.get(type);
    if (size === undefined || size === 0 || size > most) return { missing: `the end of ${type}` };
    sizes[field] = size;
  }
  const flag = (name: keyof typeof hotspotFlags, isSet: boolean) =>
    isSet ? hotspotFlags[name] : 0;
  const isApart = has('nmethod._immutable_data');
  const isMutable = has('CodeBlob._mutable_data');
  return {
    flags:
      flag('HOTSPOT_ONE_HEAP', !has('CodeCache._heaps')) |
      flag('HOTSPOT_BLOB_OFFSETS', !has('CodeBlob._code_begin')) |
      flag('HOTSPOT_SCOPES_OFFSETS', has('nmethod._scopes_data_offset') && !isApart) |
      flag('HOTSPOT_SCOPES_APART', isApart) |
      flag('HOTSPOT_METADATA_APART', isMutable) |
      flag('HOTSPOT_METADATA_BEHIND', isApart && !isMutable) |
      flag('HOTSPOT_NO_ZERO_BYTES', major >= 20) |
      flag('HOTSPOT_FILE_OF_CLASS', !has('ConstantPool._source_file_name_index')) |
      flag('HOTSPOT_LENGTH_IS_HIGH', !has('Symbol._length')),
    sizes: sizes as HotspotTables['sizes'],
    bytecodeSlot: major >= 9 ? 8 : 7,
    heaps,
    fields,
  };
}

/** @param bias from where the file's first byte is mapped, or would be, to a virtual address */
function encoded(tables: HotspotTables, bias: number): Uint8Array {
  const bytes = new Uint8Array(interpreter.size);
  const view = new DataView(bytes.buffer);
  const { offset } = interpreter;
  view.setUint32(offset.kind, interpreterKind.INTERPRETER_HOTSPOT, true);
  view.setUint32(offset['hotspot.flags'], tables.flags, true);
  view.setUint32(offset['hotspot.bytecode_slot'], tables.bytecodeSlot, true);
  for (const [field] of SIZES)
    view.setUint32(offset[`hotspot.${field}`], tables.sizes[field], true);
  view.setBigInt64(offset['hotspot.heaps'], BigInt(tables.heaps - bias), true);
  for (const [field, address] of tables.fields)
    view.setBigInt64(
      offset['hotspot.fields'] + 8 * hotspotField[field],
      BigInt(address - bias),
      true,
    );
  return bytes;
}
