/**
 * TypeScript of described objects: layouts and readers of their structs, values of their enums, and a
 * skeleton of each. See README.md of the package for what it looks like.
 */

import { constantName } from './names.ts';
import type {
  EnumDescription,
  FieldDescription,
  FieldKind,
  ObjectDescription,
  StructDescription,
} from './object-description.ts';
import { readerName, readerText } from './readers.ts';

/** Of several objects together: what they share is written once. @throws Error where they disagree. */
export function layoutsText(objects: readonly ObjectDescription[]): string {
  const structs = merged(objects.flatMap((object) => object.structs));
  const enums = merged(objects.flatMap((object) => object.enums));
  const ofRings = new Set(objects.flatMap(({ rings }) => rings.map(({ struct }) => struct)));
  return [
    ...enums.map(enumText),
    ...structs.map(layoutText),
    ...withBases(structs, ofRings).map(readerText),
  ].join('\n\n');
}

/** What a module of layouts imports, where its text names it: the second of codec.ts. */
export const READER_IMPORTS = ['RecordReader', 'textAt', 'u53'] as const;
export const CODEC_IMPORTS = ['decodeValue', 'type EnumKind'] as const;

/** Those of the names that a text has. */
export function importsOf(text: string, names: readonly string[]): string[] {
  return names.filter((name) => text.includes(name.replace('type ', '')));
}

/** @param object the expression that gives the object's file or bytes. @param constant what it is called. */
export function skeletonText(
  name: string,
  constant: string,
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
    `export const ${constant} = {`,
    `  name: '${name}',`,
    `  object: ${object},`,
    '  programs: {',
    ...programs.map((program) => `    ${program.name}: '${program.section}',`),
    '  },',
    '  maps: {',
    ...maps.map(
      (map) =>
        `    ${map.name}: { name: '${map.name}', type: ${map.type}, maxEntries: ${map.maxEntries}, isShared: ${map.isShared}, key: ${kindText(map.key)}, value: ${kindText(map.value)} },`,
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

function enumText({ name, values }: EnumDescription): string {
  return [
    `/** enum ${name} */`,
    `export const ${constantName(name)} = {`,
    ...values.map((entry) => `  ${entry.name}: ${entry.value},`),
    '} as const;',
  ].join('\n');
}

/** As codec.ts takes it: a word, a layout, or a layout of which there are several. */
function kindText(kind: FieldKind | undefined): string {
  if (kind === undefined) return 'undefined';
  if (typeof kind === 'string') return `'${kind}'`;
  if ('array' in kind) return `'${kind.array}[]'`;
  if ('texts' in kind) return `'text${kind.texts}[]'`;
  if ('enum' in kind) return `'${kind.scalar}' as EnumKind<typeof ${constantName(kind.enum)}>`;
  return 'struct' in kind ? constantName(kind.struct) : `[${constantName(kind.structs)}]`;
}

function quoted(field: string): string {
  return /^[a-z_0-9]+$/i.test(field) ? field : `'${field}'`;
}
