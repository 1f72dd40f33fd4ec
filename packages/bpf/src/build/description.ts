/**
 * Reads what an object file says of itself: programs with their sections, maps, the structs that rings
 * carry, the types that userspace uses, settings. From its BTF (Documentation/bpf/btf.rst) and its symbols;
 * deterministic, and nothing here knows the running kernel.
 */

import { type Btf, parseBtf, resolveAlias } from '../btf/btf.ts';
import { type ElfSymbol, elfSection, elfSymbols } from '../btf/section.ts';
import { DescribedTypes } from './described-types.ts';
import type { FieldDescription, MapDescription, ObjectDescription } from './object-description.ts';

const RECORDS_SECTION = '.records';

/** @throws BtfError when the file is not a BPF object with BTF. @throws RangeError for a type that has no reading. */
export function describeObject(file: Uint8Array): ObjectDescription {
  return new Describer(parseBtf(elfSection(file, '.BTF')), elfSymbols(file)).describe();
}

class Describer {
  readonly #btf: Btf;
  readonly #symbols: readonly ElfSymbol[];
  readonly #types: DescribedTypes;
  readonly #rings: { ring: string; struct: string }[] = [];

  constructor(btf: Btf, symbols: readonly ElfSymbol[]) {
    this.#btf = btf;
    this.#types = new DescribedTypes(btf);
    this.#symbols = symbols;
  }

  describe(): ObjectDescription {
    const maps = this.#variablesOf('.maps').map(({ id, name }) => this.#map(id, name));
    for (const { id, name } of this.#variablesOf(RECORDS_SECTION)) this.#exported(id, name);
    const settings = this.#settings();
    return {
      programs: this.#symbols
        .filter(({ isFunction, section }) => isFunction && section !== '.text')
        .map(({ name, section }) => ({ name, section })),
      maps,
      rings: this.#rings,
      structs: this.#types.structs,
      enums: this.#types.enums,
      settings,
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
      return at === undefined ? undefined : this.#types.kindOf(at, `${name}_${attribute}`);
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
      this.#types.addEnum(type);
      return;
    }
    if (type.kind !== 'struct') return;
    this.#types.addStruct(type);
    const ring = name.slice(0, -`__${type.name}`.length);
    if (ring !== 'struct') this.#rings.push({ ring, struct: type.name });
  }

  /** clang leaves offsets in the BTF of a data section at 0, for a linker to fill in. */
  #settings(): FieldDescription[] {
    return this.#variablesOf('.rodata').map(({ id, name }) => {
      const symbol = this.#symbols.find((candidate) => candidate.name === name);
      return this.#types.field(name, symbol?.offset ?? 0, id);
    });
  }
}
