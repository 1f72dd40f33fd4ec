// What an object file says of itself, as plain data: programs with their sections, maps, the structs
// that rings carry, the types that userspace uses, settings. Read from its BTF (Documentation/bpf/btf.rst)
// and its symbols; deterministic, and nothing here knows the running kernel.

import { type Btf, type BtfType, parseBtf, resolveAlias, sizeOfType } from '../btf/btf.ts';
import { type ElfSymbol, elfSection, elfSymbols } from '../btf/section.ts';

export interface ObjectDescription {
  readonly programs: readonly { readonly name: string; readonly section: string }[];
  readonly maps: readonly MapDescription[];
  readonly rings: readonly { readonly ring: string; readonly struct: string }[];
  /** Of maps, rings and those exported, by name; a struct comes behind those it begins with. */
  readonly structs: readonly StructDescription[];
  readonly enums: readonly EnumDescription[];
  /** The `const volatile` globals. */
  readonly settings: readonly FieldDescription[];
}

interface MapDescription {
  readonly name: string;
  /** enum bpf_map_type of linux/bpf.h. */
  readonly type: number;
  readonly maxEntries: number;
  readonly isShared: boolean;
  readonly key: TypeReference | undefined;
  readonly value: TypeReference | undefined;
}

/** Of one value; an array is so many of them. */
export type ScalarKind =
  | 'bool'
  | 'u8'
  | 'u16'
  | 'u32'
  | 's8'
  | 's16'
  | 's32'
  | 'u64'
  | 's64'
  | 'u53';

/** A name of a struct, or a scalar. */
export type TypeReference = { readonly struct: string } | { readonly scalar: ScalarKind };

export interface FieldDescription {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** `text` is a char array, `bytes` anything else that has no better reading. */
  readonly kind: ScalarKind | 'text' | 'bytes' | { readonly array: ScalarKind };
}

export interface StructDescription {
  readonly name: string;
  readonly size: number;
  /** The struct that lies at its beginning, if one does, and what its member is called. */
  readonly base: { readonly struct: string; readonly member: string } | undefined;
  /** Nested structs are flattened, with dots. */
  readonly fields: readonly FieldDescription[];
}

export interface EnumDescription {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

type Struct = Extract<BtfType, { kind: 'struct' }>;

const RECORDS_SECTION = '.records';

/** @throws BtfError when the file is not a BPF object with BTF. */
export function describeObject(file: Uint8Array): ObjectDescription {
  return new Describer(parseBtf(elfSection(file, '.BTF')), elfSymbols(file)).describe();
}

class Describer {
  readonly #btf: Btf;
  readonly #symbols: readonly ElfSymbol[];
  readonly #structs = new Map<string, StructDescription>();
  readonly #enums: EnumDescription[] = [];
  readonly #rings: { ring: string; struct: string }[] = [];

  constructor(btf: Btf, symbols: readonly ElfSymbol[]) {
    this.#btf = btf;
    this.#symbols = symbols;
  }

  describe(): ObjectDescription {
    const maps = this.#variablesOf('.maps').map(({ id, name }) => this.#map(id, name));
    for (const { id, name } of this.#variablesOf(RECORDS_SECTION)) this.#exported(id, name);
    return {
      programs: this.#symbols
        .filter(({ isFunction, section }) => isFunction && section !== '.text')
        .map(({ name, section }) => ({ name, section })),
      maps,
      rings: this.#rings,
      structs: [...this.#structs.values()],
      enums: this.#enums,
      settings: this.#settings(),
    };
  }

  /** The variables of a data section; `id` is that of their types. */
  #variablesOf(
    section: string,
  ): { readonly id: number; readonly name: string; variable: number }[] {
    const found = this.#btf.types.find((type) => type.kind === 'datasec' && type.name === section);
    if (found?.kind !== 'datasec') return [];
    return found.variables.flatMap(({ type }) => {
      const variable = this.#btf.types[type];
      return variable?.kind === 'var'
        ? [{ id: variable.target, name: variable.name, variable: type }]
        : [];
    });
  }

  /** Each attribute is a member: a pointer to an array of so many, or to a type (bpf_helpers.h). */
  #map(id: number, name: string): MapDescription {
    const type = resolveAlias(this.#btf, id);
    const members = type.kind === 'struct' ? type.members : [];
    const target = (attribute: string) => {
      const member = members.find((candidate) => candidate.name === attribute);
      const pointer = member === undefined ? undefined : resolveAlias(this.#btf, member.type);
      return pointer?.kind === 'pointer' ? pointer.target : undefined;
    };
    const number = (attribute: string) => {
      const at = target(attribute);
      const array = at === undefined ? undefined : resolveAlias(this.#btf, at);
      return array?.kind === 'array' ? array.length : 0;
    };
    const reference = (attribute: string) => {
      const at = target(attribute);
      return at === undefined ? undefined : this.#reference(at);
    };
    return {
      name,
      type: number('type'),
      maxEntries: number('max_entries'),
      isShared: this.#isTagged(name, 'shared'),
      key: reference('key'),
      value: reference('value'),
    };
  }

  #isTagged(name: string, tag: string): boolean {
    return this.#btf.types.some(
      (type) =>
        type.kind === 'tag' && type.name === tag && this.#btf.types[type.target]?.name === name,
    );
  }

  /** `ring__struct`, `enum__name` or `struct__name` (bpf/skeleton.h): pointers to constants. */
  #exported(id: number, name: string): void {
    const pointer = resolveAlias(this.#btf, id);
    const type = pointer.kind === 'pointer' ? resolveAlias(this.#btf, pointer.target) : pointer;
    if (type.kind === 'enum') {
      this.#enums.push({ name: type.name, values: type.values });
      return;
    }
    if (type.kind !== 'struct') return;
    this.#struct(type);
    const ring = name.slice(0, -`__${type.name}`.length);
    if (ring !== 'struct') this.#rings.push({ ring, struct: type.name });
  }

  #reference(id: number): TypeReference | undefined {
    const type = resolveAlias(this.#btf, id);
    if (type.kind === 'struct') {
      this.#struct(type);
      return { struct: type.name };
    }
    const scalar = this.#scalar(id);
    return scalar === undefined ? undefined : { scalar };
  }

  #struct(type: Struct): void {
    if (this.#structs.has(type.name)) return;
    const [first] = type.members;
    const begins = first === undefined ? undefined : resolveAlias(this.#btf, first.type);
    const base =
      begins?.kind === 'struct' && first !== undefined && begins.name !== ''
        ? { struct: begins.name, member: first.name }
        : undefined;
    if (begins?.kind === 'struct' && base !== undefined) this.#struct(begins);
    this.#structs.set(type.name, {
      name: type.name,
      size: type.size,
      base,
      fields: this.#fields(type, 0, ''),
    });
  }

  #fields(type: Struct, start: number, prefix: string): FieldDescription[] {
    return type.members.flatMap((member): FieldDescription[] => {
      const name = prefix + member.name;
      const offset = start + member.offset;
      const memberType = resolveAlias(this.#btf, member.type);
      if (memberType.kind === 'struct') return this.#fields(memberType, offset, `${name}.`);
      return [this.#field(name, offset, member.type)];
    });
  }

  #field(name: string, offset: number, id: number): FieldDescription {
    const bytes = sizeOfType(this.#btf, id);
    return { name, offset, bytes, kind: this.#kind(id) };
  }

  #kind(id: number): FieldDescription['kind'] {
    const scalar = this.#scalar(id);
    if (scalar !== undefined) return scalar;
    const type = resolveAlias(this.#btf, id);
    if (type.kind !== 'array') return 'bytes';
    const element = resolveAlias(this.#btf, type.element);
    if (element.kind === 'int' && element.name === 'char') return 'text';
    const array = this.#scalar(type.element);
    return array === undefined || array === 'u8' ? 'bytes' : { array };
  }

  #scalar(id: number): ScalarKind | undefined {
    const type = resolveAlias(this.#btf, id);
    if (type.kind === 'pointer') return 'u64';
    if (type.kind === 'enum') return type.size === 4 ? 'u32' : undefined;
    if (type.kind !== 'int') return undefined;
    if (type.bool) return 'bool';
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

  /** clang leaves offsets in the BTF of a data section at 0, for a linker to fill in. */
  #settings(): FieldDescription[] {
    return this.#variablesOf('.rodata').map(({ id, name }) => {
      const symbol = this.#symbols.find((candidate) => candidate.name === name);
      return this.#field(name, symbol?.offset ?? 0, id);
    });
  }
}
