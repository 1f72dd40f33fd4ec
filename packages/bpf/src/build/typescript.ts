// TypeScript of described objects: layouts and readers of their structs, values of their enums, and a
// skeleton of each. See README.md of the package for what it looks like.

import type {
  EnumDescription,
  FieldDescription,
  ObjectDescription,
  ScalarKind,
  StructDescription,
  TypeReference,
} from './description.ts';

/** How a scalar is read at an offset that is written down as an expression. */
const READ: Readonly<Record<ScalarKind, (at: string) => string>> = {
  bool: (at) => `this.view.getUint8(${at}) !== 0`,
  u8: (at) => `this.view.getUint8(${at})`,
  s8: (at) => `this.view.getInt8(${at})`,
  u16: (at) => `this.view.getUint16(${at}, true)`,
  s16: (at) => `this.view.getInt16(${at}, true)`,
  u32: (at) => `this.view.getUint32(${at}, true)`,
  s32: (at) => `this.view.getInt32(${at}, true)`,
  u64: (at) => `this.view.getBigUint64(${at}, true)`,
  s64: (at) => `this.view.getBigInt64(${at}, true)`,
  u53: (at) => `u53(this.view, ${at})`,
};

const BYTES: Readonly<Record<ScalarKind, number>> = {
  bool: 1,
  u8: 1,
  s8: 1,
  u16: 2,
  s16: 2,
  u32: 4,
  s32: 4,
  u64: 8,
  s64: 8,
  u53: 8,
};

/** Of several objects together: what they share is written once. @throws Error where they disagree. */
export function layoutsText(objects: readonly ObjectDescription[]): string {
  const structs = merged(objects.flatMap((object) => object.structs));
  const enums = merged(objects.flatMap((object) => object.enums));
  const ofRings = new Set(objects.flatMap(({ rings }) => rings.map(({ struct }) => struct)));
  return [
    ...structs.map(layoutText),
    ...withBases(structs, ofRings).map(readerText),
    ...enums.map(enumText),
  ].join('\n\n');
}

/** What a module of layouts imports. */
export const READER_IMPORTS = ['RecordReader', 'textAt', 'u53'] as const;

/** @param object the expression that gives the object's file or bytes. */
export function skeletonText(
  name: string,
  { programs, maps, rings, settings }: ObjectDescription,
  object: string,
): string {
  const names = [...new Set(rings.map(({ ring }) => ring))];
  const recordsOf = (wanted: string) =>
    rings
      .filter(({ ring }) => ring === wanted)
      .map(({ struct }) => `${struct}: ${readerName(struct)}`);
  return [
    `/** The object ${name}: its programs with their hooks, its maps, the records of its rings, its settings. */`,
    `export const ${constantName(name)} = {`,
    `  name: '${name}',`,
    `  object: ${object},`,
    '  programs: {',
    ...programs.map((program) => `    ${program.name}: '${program.section}',`),
    '  },',
    '  maps: {',
    ...maps.map(
      (map) =>
        `    ${map.name}: { name: '${map.name}', type: ${map.type}, maxEntries: ${map.maxEntries}, isShared: ${map.isShared}, key: ${referenceText(map.key)}, value: ${referenceText(map.value)} },`,
    ),
    '  },',
    '  records: {',
    ...names.map((ring) => `    ${ring}: { ${recordsOf(ring).join(', ')} },`),
    '  },',
    '  settings: {',
    ...settings.map(
      ({ name: field, offset, bytes, kind }) =>
        `    ${field}: { offset: ${offset}, bytes: ${bytes}, kind: ${kindText(kind)} },`,
    ),
    '  },',
    '} as const;',
  ].join('\n');
}

/** One of each name. */
function merged<T extends { readonly name: string }>(all: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const one of all) {
    const known = byName.get(one.name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(one))
      throw new Error(`two objects have different types called ${one.name}`);
    byName.set(one.name, one);
  }
  return [...byName.values()];
}

/** Those structs and what they begin with, before them. */
function withBases(
  structs: readonly StructDescription[],
  wanted: ReadonlySet<string>,
): StructDescription[] {
  const bases = new Set(
    structs.filter(({ name }) => wanted.has(name)).map(({ base }) => base?.struct),
  );
  const chosen = structs.filter(({ name }) => wanted.has(name) || bases.has(name));
  return chosen.sort((a, b) => Number(bases.has(b.name)) - Number(bases.has(a.name)));
}

function layoutText({ name, size, fields }: StructDescription): string {
  const table = (value: (field: FieldDescription) => string | number) =>
    fields.map((field) => `    ${quoted(field.name)}: ${value(field)},`);
  return [
    `/** struct ${name}: bytes from its start, bytes that each field takes, and how it is read. */`,
    `export const ${constantName(name)} = {`,
    `  size: ${size},`,
    '  offset: {',
    ...table(({ offset }) => offset),
    '  },',
    '  bytes: {',
    ...table(({ bytes }) => bytes),
    '  },',
    '  kind: {',
    ...table(({ kind }) => kindText(kind)),
    '  },',
    '} as const;',
  ].join('\n');
}

function readerText({ name, base, fields }: StructDescription): string {
  const own = fields.filter((field) => !field.name.startsWith(`${base?.member}.`));
  const parent = base === undefined ? 'RecordReader' : readerName(base.struct);
  return [
    `/** struct ${name}, read in place: \`at(memory, offset)\` says where. */`,
    `export class ${readerName(name)} extends ${parent} {`,
    own.map(getterText).join('\n\n'),
    '',
    '  /** All but its bytes and arrays, as a value that may be kept. */',
    `  ${base === undefined ? '' : 'override '}copy() {`,
    '    return {',
    ...fields
      .filter(({ kind }) => typeof kind === 'string' && kind !== 'bytes')
      .map((field) => {
        const property = propertyName(field, base?.member);
        return `      ${property}: this.${property},`;
      }),
    '    };',
    '  }',
    '}',
  ].join('\n');
}

/** Of the reader itself. */
const TAKEN: ReadonlySet<string> = new Set(['view', 'bytes', 'offset', 'at', 'copy']);

/** Without the name of the member that the struct begins with: its fields are inherited. */
function propertyName({ name }: FieldDescription, base?: string): string {
  const own = base === undefined ? name : name.replace(`${base}.`, '');
  const property = constantName(own.replaceAll('.', '_'));
  return TAKEN.has(property) ? `${property}Field` : property;
}

function getterText(field: FieldDescription): string {
  const { offset, bytes, kind } = field;
  const property = propertyName(field);
  const at = `this.offset + ${offset}`;
  if (kind === 'text')
    return `  get ${property}(): string {\n    return textAt(this.bytes, ${at}, ${bytes});\n  }`;
  if (kind === 'bytes')
    return `  /** Where its bytes begin. */\n  get ${property}At(): number {\n    return ${at};\n  }`;
  if (typeof kind === 'object') {
    const element = `${at} + ${BYTES[kind.array]} * index`;
    return `  ${property}(index: number): ${typeOf(kind.array)} {\n    return ${READ[kind.array](element)};\n  }`;
  }
  return `  get ${property}(): ${typeOf(kind)} {\n    return ${READ[kind](at)};\n  }`;
}

function typeOf(kind: ScalarKind): string {
  if (kind === 'bool') return 'boolean';
  return kind === 'u64' || kind === 's64' ? 'bigint' : 'number';
}

function enumText({ name, values }: EnumDescription): string {
  return [
    `/** enum ${name} */`,
    `export const ${constantName(name)} = {`,
    ...values.map((entry) => `  ${entry.name}: ${entry.value},`),
    '} as const;',
  ].join('\n');
}

function kindText(kind: FieldDescription['kind']): string {
  return typeof kind === 'string' ? `'${kind}'` : `'${kind.array}[]'`;
}

function referenceText(reference: TypeReference | undefined): string {
  if (reference === undefined) return 'undefined';
  return 'struct' in reference ? constantName(reference.struct) : `'${reference.scalar}'`;
}

function quoted(field: string): string {
  return /^[a-z_0-9]+$/i.test(field) ? field : `'${field}'`;
}

function readerName(struct: string): string {
  const name = constantName(struct);
  return `${name[0]?.toUpperCase()}${name.slice(1)}Reader`;
}

/** A name of C's as TypeScript has them. */
export function constantName(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
