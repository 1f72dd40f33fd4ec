/**
 * The structs and enums that userspace shares with a program, collected from the BTF as maps, rings and
 * settings name them (Documentation/bpf/btf.rst).
 */

import { type Btf, type BtfType, resolveAlias, sizeOfType } from '../btf/btf.ts';
import type {
  EnumDescription,
  FieldDescription,
  FieldKind,
  ScalarKind,
  StructDescription,
} from './object-description.ts';

type Struct = Extract<BtfType, { kind: 'struct' }>;
type Enum = Extract<BtfType, { kind: 'enum' }>;

/** Most fields of all structs together: each becomes an accessor of a module, and nested structs multiply. */
const MAX_FIELDS = 16_384;

export class DescribedTypes {
  readonly #btf: Btf;
  #fieldCount = 0;
  readonly #structs = new Map<string, StructDescription>();
  readonly #enums = new Map<string, EnumDescription>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** In the order in which they can be written down: what a struct holds comes before it. */
  get structs(): readonly StructDescription[] {
    return [...this.#structs.values()];
  }

  get enums(): readonly EnumDescription[] {
    return [...this.#enums.values()];
  }

  addEnum({ name, values }: Enum): void {
    this.#enums.set(name, { name, values });
  }

  /** @throws RangeError for a bitfield, a union without a name, and more fields than a module is made of. */
  addStruct(type: Struct, name = type.name): void {
    if (this.#structs.has(name)) return;
    const [first] = type.members;
    const begins = first === undefined ? undefined : resolveAlias(this.#btf, first.type);
    const base =
      begins?.kind === 'struct' && first !== undefined && begins.name !== ''
        ? { struct: begins.name, member: first.name }
        : undefined;
    if (begins?.kind === 'struct' && base !== undefined) this.addStruct(begins);
    const fields = this.#fields(type, name, 0, '');
    this.#structs.set(name, { name, size: type.size, base, fields });
  }

  /** How a value of the type is read. @param name of a struct that has none. */
  kindOf(id: number, name: string): FieldKind {
    const type = resolveAlias(this.#btf, id);
    if (type.kind === 'struct') {
      const struct = type.name === '' ? name : type.name;
      this.addStruct(type, struct);
      return { struct };
    }
    const scalar = this.#scalar(id);
    if (scalar !== undefined && type.kind === 'enum' && type.name !== '') {
      this.addEnum(type);
      return { enum: type.name, scalar };
    }
    if (scalar !== undefined) return scalar;
    return type.kind === 'array' ? this.#arrayKind(type.element, name) : 'bytes';
  }

  field(name: string, offset: number, id: number): FieldDescription {
    return { name, offset, bytes: sizeOfType(this.#btf, id), kind: this.kindOf(id, name) };
  }

  /** Of arrays in arrays: texts are told apart, of others there is one long array. */
  #arrayKind(element: number, name: string): FieldKind {
    const type = resolveAlias(this.#btf, element);
    if (isChar(type)) return 'text';
    if (type.kind === 'array') {
      const inner = resolveAlias(this.#btf, type.element);
      return isChar(inner) ? { texts: type.length } : this.#arrayKind(type.element, name);
    }
    if (type.kind === 'struct') {
      const struct = type.name === '' ? name : type.name;
      this.addStruct(type, struct);
      return { structs: struct, size: type.size };
    }
    const array = this.#scalar(element);
    return array === undefined || array === 'u8' ? 'bytes' : { array };
  }

  #fields(type: Struct, owner: string, start: number, prefix: string): FieldDescription[] {
    return type.members.flatMap((member): FieldDescription[] => {
      const name = prefix + member.name;
      if (member.isBitfield)
        throw new RangeError(
          `${owner}.${name} is a bitfield, whose place TypeScript cannot be told: make it a whole number`,
        );
      const offset = start + member.offset;
      const memberType = resolveAlias(this.#btf, member.type);
      if (memberType.kind === 'union' && member.name === '')
        throw new RangeError(
          `struct ${owner} holds a union without a name: give it one, or userspace could not name it`,
        );
      // Members of a struct without a name belong to the outer one, as in C.
      if (memberType.kind === 'struct')
        return this.#fields(memberType, owner, offset, member.name === '' ? prefix : `${name}.`);
      if (++this.#fieldCount > MAX_FIELDS)
        throw new RangeError(
          `with struct ${owner} there are more than ${MAX_FIELDS} fields: keep such values as bytes (char[])`,
        );
      const field = this.field(`${owner}_${name}`.replaceAll('.', '_'), offset, member.type);
      return [{ ...field, name }];
    });
  }

  #scalar(id: number): ScalarKind | undefined {
    const type = resolveAlias(this.#btf, id);
    if (type.kind === 'pointer') return 'u64';
    if (type.kind !== 'int' && type.kind !== 'enum') return undefined;
    if (type.kind === 'int' && type.bool) return 'bool';
    if (type.size === 8 && this.#isCalled(id, 'u53')) return 'u53';
    const bits = { 1: '8', 2: '16', 4: '32', 8: '64' }[type.size];
    return bits === undefined ? undefined : (`${type.signed ? 's' : 'u'}${bits}` as ScalarKind);
  }

  /** By a typedef on the way to the type itself. */
  #isCalled(id: number, name: string): boolean {
    let type = this.#btf.types[id];
    for (let hops = 0; type?.kind === 'alias' && hops < 32; hops++) {
      if (type.name === name) return true;
      type = this.#btf.types[type.target];
    }
    return false;
  }
}

function isChar(type: BtfType): boolean {
  return type.kind === 'int' && type.name === 'char';
}
