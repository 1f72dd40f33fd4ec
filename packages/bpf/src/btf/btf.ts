/**
 * BTF, the type format of BPF objects and of the kernel itself, read into plain values.
 * Used at build time to generate the layouts of our records, and by anyone who wants to know
 * what a kernel's types look like. Format: Documentation/bpf/btf.rst of the kernel.
 */

/** A BTF type as far as layouts need it. Ids are indices into `Btf.types`; 0 is void. */
export type BtfType =
  | {
      readonly kind: 'int';
      readonly name: string;
      readonly size: number;
      readonly signed: boolean;
      readonly bool: boolean;
    }
  | { readonly kind: 'pointer'; readonly name: string; readonly target: number }
  | {
      readonly kind: 'array';
      readonly name: string;
      readonly element: number;
      readonly length: number;
    }
  | BtfAggregate<'struct'>
  | BtfAggregate<'union'>
  | {
      readonly kind: 'enum';
      readonly name: string;
      readonly size: number;
      readonly signed: boolean;
      readonly values: readonly { readonly name: string; readonly value: number }[];
    }
  | { readonly kind: 'alias'; readonly name: string; readonly target: number }
  | {
      readonly kind: 'datasec';
      readonly name: string;
      readonly size: number;
      readonly variables: readonly {
        readonly type: number;
        readonly offset: number;
        readonly size: number;
      }[];
    }
  | { readonly kind: 'var'; readonly name: string; readonly target: number }
  /** btf_decl_tag, of the declaration `target`, or of its member where `component` is not 2^32 - 1. */
  | {
      readonly kind: 'tag';
      readonly name: string;
      readonly target: number;
      readonly component: number;
    }
  | {
      readonly kind: 'function-prototype';
      readonly name: string;
      readonly parameters: readonly string[];
    }
  | { readonly kind: 'other'; readonly name: string };

interface BtfAggregate<Kind extends string> {
  readonly kind: Kind;
  readonly name: string;
  readonly size: number;
  readonly members: readonly BtfMember[];
}

interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  readonly isBitfield: boolean;
}

export interface Btf {
  readonly types: readonly BtfType[];
}

export class BtfError extends Error {
  override readonly name = 'BtfError';
  readonly code = 'malformed-btf';
}

const MAGIC = 0xeb9f;

/** Reads a .BTF section. @throws BtfError when it is not one or does not hold together. */
export function parseBtf(bytes: Uint8Array): Btf {
  try {
    return new BtfReader(bytes).read();
  } catch (error) {
    if (error instanceof RangeError) throw new BtfError('the BTF ends in the middle of a type');
    throw error;
  }
}

class BtfReader {
  readonly #view: DataView;
  readonly #decoder = new TextDecoder();
  #position = 0;
  #stringsAt = 0;

  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): Btf {
    if (this.#view.getUint16(0, true) !== MAGIC) throw new BtfError('no BTF magic number');
    const headerLength = this.#view.getUint32(4, true);
    const typesAt = headerLength + this.#view.getUint32(8, true);
    const typesEnd = typesAt + this.#view.getUint32(12, true);
    this.#stringsAt = headerLength + this.#view.getUint32(16, true);
    this.#position = typesAt;
    const types: BtfType[] = [{ kind: 'other', name: 'void' }];
    while (this.#position < typesEnd) types.push(this.#readType());
    return { types };
  }

  #u32(): number {
    const value = this.#view.getUint32(this.#position, true);
    this.#position += 4;
    return value;
  }

  #string(offset: number): string {
    const start = this.#stringsAt + offset;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0) throw new BtfError('a BTF string has no end');
    return this.#decoder.decode(this.#bytes.subarray(start, end));
  }

  #readType(): BtfType {
    const name = this.#string(this.#u32());
    const info = this.#u32();
    const sizeOrType = this.#u32();
    const count = info & 0xffff;
    const flag = info >>> 31 === 1;
    switch ((info >>> 24) & 0x1f) {
      case 1:
        return this.#int(name, sizeOrType);
      case 2:
        return { kind: 'pointer', name, target: sizeOrType };
      case 3: {
        const element = this.#u32();
        this.#u32();
        return { kind: 'array', name, element, length: this.#u32() };
      }
      case 4:
      case 5: {
        const kind = ((info >>> 24) & 0x1f) === 4 ? 'struct' : 'union';
        const members = this.#times(count, () => {
          const member = { name: this.#string(this.#u32()), type: this.#u32() };
          const place = this.#u32();
          // With kind_flag the upper byte is a bitfield's width.
          const offset = flag ? place & 0xffffff : place;
          return { ...member, offset: offset / 8, isBitfield: flag && place >>> 24 !== 0 };
        });
        return { kind, name, size: sizeOrType, members };
      }
      case 6:
        return {
          kind: 'enum',
          name,
          size: sizeOrType,
          signed: flag,
          values: this.#times(count, () => {
            const value = this.#string(this.#u32());
            const bits = this.#u32();
            return { name: value, value: flag ? bits | 0 : bits };
          }),
        };
      case 8: // typedef
      case 9: // volatile
      case 10: // const
      case 11: // restrict
      case 18: // type tag
        return { kind: 'alias', name, target: sizeOrType };
      case 13:
        return {
          kind: 'function-prototype',
          name,
          parameters: this.#times(count, () => {
            const parameter = this.#string(this.#u32());
            this.#u32();
            return parameter;
          }),
        };
      case 14:
        this.#u32();
        return { kind: 'var', name, target: sizeOrType };
      case 15:
        return {
          kind: 'datasec',
          name,
          size: sizeOrType,
          variables: this.#times(count, () => ({
            type: this.#u32(),
            offset: this.#u32(),
            size: this.#u32(),
          })),
        };
      case 17:
        return { kind: 'tag', name, target: sizeOrType, component: this.#u32() };
      case 19: // 64-bit enum: values beyond 2^53 lose their last bits
        return {
          kind: 'enum',
          name,
          size: sizeOrType,
          signed: flag,
          values: this.#times(count, () => {
            const value = this.#string(this.#u32());
            const low = this.#u32();
            const high = this.#u32();
            return { name: value, value: (flag ? high | 0 : high) * 0x1_0000_0000 + low };
          }),
        };
      default: // forward declaration, function, float: nothing behind the common part
        return { kind: 'other', name };
    }
  }

  #int(name: string, size: number): BtfType {
    // BTF_INT_ENCODING: 1 signed, 2 char, 4 bool.
    const encoding = (this.#u32() >>> 24) & 0xf;
    return { kind: 'int', name, size, signed: (encoding & 1) === 1, bool: (encoding & 4) === 4 };
  }

  #times<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }
}

/** Follows typedefs and qualifiers to the type they name. */
export function resolveAlias(btf: Btf, id: number): BtfType {
  let type = btf.types[id];
  for (let hops = 0; type?.kind === 'alias' && hops < 32; hops++) type = btf.types[type.target];
  if (type === undefined || type.kind === 'alias') throw new BtfError(`type ${id} leads nowhere`);
  return type;
}

/** Bytes that a value of the type takes. */
export function sizeOfType(btf: Btf, id: number): number {
  const type = resolveAlias(btf, id);
  switch (type.kind) {
    case 'int':
    case 'struct':
    case 'union':
    case 'enum':
    case 'datasec':
      return type.size;
    case 'pointer':
      return 8;
    case 'array':
      return type.length * sizeOfType(btf, type.element);
    default:
      throw new BtfError(`type ${id} (${type.kind}) has no size`);
  }
}
