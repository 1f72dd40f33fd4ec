/**
 * Where an argument of a USDT probe is when the probe is hit, out of the assembler's words for it:
 * `SIZE@OPERAND`, whose size is negative for a signed number. Source: systemtap's sys/sdt.h; operands as
 * GNU as writes them for x86-64 and AArch64.
 */
import { EM_AARCH64, EM_X86_64 } from '@waggle/symbols';

export interface UsdtArgument {
  /** 1, 2, 4 or 8. */
  readonly bytes: number;
  readonly signed: boolean;
  readonly operand:
    | { readonly kind: 'constant'; readonly value: bigint }
    /** By DWARF number, and which part of it: `%ah` begins at bit 8. */
    | { readonly kind: 'register'; readonly register: number; readonly shift: number }
    | {
        readonly kind: 'memory';
        readonly base: number;
        readonly index?: number | undefined;
        readonly scale: number;
        readonly displacement: number;
      };
}

/** System V ABI, AMD64 supplement, figure 3.36. */
const X86_REGISTERS = ['ax', 'dx', 'cx', 'bx', 'si', 'di', 'bp', 'sp'] as const;

/** undefined for what is not understood: floating point, and operands with symbols. */
export function parseUsdtArgument(words: string, machine: number): UsdtArgument | undefined {
  const [, sign, size, operand = ''] = /^(-?)([1248])@(.+)$/.exec(words) ?? [];
  if (size === undefined) return undefined;
  const found = machine === EM_X86_64 ? x86Operand(operand) : armOperand(operand, machine);
  return found && { bytes: Number(size), signed: sign === '-', operand: found };
}

function x86Operand(text: string): UsdtArgument['operand'] | undefined {
  const [, constant] = /^\$(-?(?:0x[0-9a-f]+|\d+))$/i.exec(text) ?? [];
  if (constant !== undefined) return { kind: 'constant', value: numberOf(constant) };
  const [, name] = /^%(\w+)$/.exec(text) ?? [];
  if (name !== undefined) {
    const register = x86Register(name);
    return register && { kind: 'register', ...register };
  }
  const memory = /^(-?(?:0x[0-9a-f]+|\d+))?\(%(\w+)(?:,\s*%(\w+)(?:,\s*([1248]))?)?\)$/i.exec(text);
  if (memory === null) return undefined;
  const [, displacement = '0', base = '', index, scale = '1'] = memory;
  const baseRegister = x86Register(base);
  const indexRegister = index === undefined ? undefined : x86Register(index);
  if (baseRegister === undefined || (index !== undefined && indexRegister === undefined))
    return undefined;
  return {
    kind: 'memory',
    base: baseRegister.register,
    index: indexRegister?.register,
    scale: Number(scale),
    displacement: Number(numberOf(displacement)),
  };
}

/** `-0x10` too, which BigInt() does not take. */
function numberOf(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

function x86Register(name: string): { register: number; shift: number } | undefined {
  const [, number] = /^r(8|9|1[0-5])[dwb]?$/.exec(name) ?? [];
  if (number !== undefined) return { register: Number(number), shift: 0 };
  const [, letter] = /^([abcd])h$/.exec(name) ?? [];
  if (letter !== undefined)
    return { register: X86_REGISTERS.indexOf(`${letter}x` as 'ax'), shift: 8 };
  const [, low] = /^([abcd])l$/.exec(name) ?? [];
  const plain = low === undefined ? name.replace(/^[re]/, '').replace(/^(..)l$/, '$1') : `${low}x`;
  const register = X86_REGISTERS.indexOf(plain as 'ax');
  return register < 0 ? undefined : { register, shift: 0 };
}

const ARM_STACK_POINTER = 31;

function armOperand(text: string, machine: number): UsdtArgument['operand'] | undefined {
  if (machine !== EM_AARCH64) return undefined;
  if (/^-?\d+$/.test(text)) return { kind: 'constant', value: BigInt(text) };
  const direct = armRegister(text);
  if (direct !== undefined) return { kind: 'register', register: direct, shift: 0 };
  const [, base = '', displacement = '0', index] =
    /^\[(\w+)(?:,\s*#?(-?\d+)|,\s*(\w+))?\]$/.exec(text) ?? [];
  const register = armRegister(base);
  const indexRegister = index === undefined ? undefined : armRegister(index);
  if (register === undefined || (index !== undefined && indexRegister === undefined))
    return undefined;
  return {
    kind: 'memory',
    base: register,
    index: indexRegister,
    scale: 1,
    displacement: Number(displacement),
  };
}

function armRegister(name: string): number | undefined {
  if (name === 'sp') return ARM_STACK_POINTER;
  const [, number] = /^[xw](\d|[12]\d|30)$/.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}
