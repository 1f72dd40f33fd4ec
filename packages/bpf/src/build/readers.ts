/**
 * The class that reads one kind of record where it lies: a getter for each field, and a copy of them all.
 */

import { constantName, propertyName } from './names.ts';
import type { FieldDescription, ScalarKind, StructDescription } from './object-description.ts';

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

export function readerName(struct: string): string {
  const name = constantName(struct);
  return `${name[0]?.toUpperCase()}${name.slice(1)}Reader`;
}

export function readerText({ name, base, fields }: StructDescription): string {
  const own = fields.filter((field) => !field.name.startsWith(`${base?.member}.`));
  const parent = base === undefined ? 'RecordReader' : readerName(base.struct);
  return [
    `/** struct ${name}, read in place: \`at(memory, offset)\` says where. */`,
    `export class ${readerName(name)} extends ${parent} {`,
    own.map(getterText).join('\n\n'),
    '',
    '  /** All of it, as a value that may be kept. */',
    `  ${base === undefined ? '' : 'override '}copy() {`,
    '    return {',
    ...fields.map((field) => {
      const property = propertyName(field.name, base?.member);
      return `      ${property}: ${copyText(field, property)},`;
    }),
    '    };',
    '  }',
    '}',
  ].join('\n');
}

function getterText({ name, offset, bytes, kind }: FieldDescription): string {
  const property = propertyName(name);
  const at = `this.offset + ${offset}`;
  const getter = (type: string, value: string) =>
    `  get ${property}(): ${type} {\n    return ${value};\n  }`;
  const element = (type: string, value: string) =>
    `  ${property}(index: number): ${type} {\n    return ${value};\n  }`;
  if (kind === 'text') return getter('string', `textAt(this.bytes, ${at}, ${bytes})`);
  if (kind === 'bytes')
    return `  /** Where its bytes begin. */\n  get ${property}At(): number {\n    return ${at};\n  }`;
  if (typeof kind === 'string') return getter(typeOf(kind), READ[kind](at));
  if ('enum' in kind) {
    const values = constantName(kind.enum);
    return getter(
      `(typeof ${values})[keyof typeof ${values}]`,
      `${READ[kind.scalar](at)} as (typeof ${values})[keyof typeof ${values}]`,
    );
  }
  if ('array' in kind)
    return element(typeOf(kind.array), READ[kind.array](`${at} + ${BYTES[kind.array]} * index`));
  if ('texts' in kind)
    return element('string', `textAt(this.bytes, ${at} + ${kind.texts} * index, ${kind.texts})`);
  if ('struct' in kind) throw new Error(`${name} was not flattened`);
  const layout = constantName(kind.structs);
  return `  ${property}(index: number) {\n    return decodeValue(${layout}, ${kind.size}, this.bytes, ${at} + ${kind.size} * index);\n  }`;
}

function copyText({ bytes, kind }: FieldDescription, property: string): string {
  if (kind === 'bytes')
    return `this.bytes.slice(this.${property}At, this.${property}At + ${bytes})`;
  if (typeof kind === 'string' || 'enum' in kind) return `this.${property}`;
  const one =
    'array' in kind
      ? BYTES[kind.array]
      : 'texts' in kind
        ? kind.texts
        : 'size' in kind
          ? kind.size
          : bytes;
  return `Array.from({ length: ${bytes / one} }, (_, index) => this.${property}(index))`;
}

function typeOf(kind: ScalarKind): string {
  if (kind === 'bool') return 'boolean';
  return kind === 'u64' || kind === 's64' ? 'bigint' : 'number';
}
