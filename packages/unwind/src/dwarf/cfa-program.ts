/**
 * Runs call frame programs: the instructions of a CIE set the rules at a function's first byte, those
 * of an FDE change them along its code. Each change becomes a row. Time is linear in the program,
 * because an instruction takes at least a byte and none jumps. Source: DWARF 5 section 6.4.2.
 */
import type { Architecture } from '../architecture.ts';
import { UnwindError } from '../error.ts';
import type { RowList } from '../table/row-list.ts';
import * as R from '../table/rule.ts';
import type { RuleDictionary } from '../table/rule-dictionary.ts';
import type { FrameSection } from './call-frame-info.ts';
import type { CommonInformation } from './common-information.ts';
import * as D from './constants.ts';
import { FrameCursor } from './frame-cursor.ts';
import { FrameState, STATE_FIELDS, UNTRACKED } from './frame-state.ts';
import { readPointer } from './pointer-encoding.ts';

interface Location {
  /** File offset that the program has reached, and where its rows stop. */
  at: number;
  end: number;
  /** From a virtual address to a file offset. */
  bias: number;
}

/** The rules at the first byte of every function of a CIE. */
interface InitialState {
  readonly fields: Float64Array;
  readonly isSound: boolean;
}

export class CfaProgram {
  readonly #section: FrameSection;
  readonly #reader: FrameCursor;
  readonly #rows: RowList;
  readonly #rules: RuleDictionary;
  readonly #state: FrameState;
  readonly #initialOf = new Map<CommonInformation, InitialState>();
  #initial: InitialState = { fields: new Float64Array(STATE_FIELDS), isSound: false };
  #cie: CommonInformation | undefined;
  #dirty = true;
  readonly #location: Location = { at: 0, end: 0, bias: 0 };

  constructor(
    section: FrameSection,
    architecture: Architecture,
    rows: RowList,
    rules: RuleDictionary,
  ) {
    this.#section = section;
    this.#reader = new FrameCursor(section.bytes);
    this.#rows = rows;
    this.#rules = rules;
    this.#state = new FrameState(architecture);
  }

  /**
   * Adds the rows of one function that lies at file offsets [start, end), its program being the
   * section's bytes [programStart, programEnd). False when the program is damaged: the rows up to
   * there stay, the rest of the function is unsupported.
   */
  run(
    cie: CommonInformation,
    start: number,
    end: number,
    bias: number,
    programStart: number,
    programEnd: number,
  ): boolean {
    const entered = this.#enter(cie);
    const location = this.#location;
    location.at = start;
    location.end = end;
    location.bias = bias;
    const sound = entered && this.#execute(cie, programStart, programEnd);
    if (sound) {
      if (this.#dirty && location.at < end) this.#emit(cie);
    } else {
      this.#rows.add(Math.min(location.at, end - 1), this.#rules.internUnsupported());
    }
    return sound;
  }

  /** Each CIE's program runs once, however often and in whatever order functions refer to it. */
  #enter(cie: CommonInformation): boolean {
    if (cie !== this.#cie) {
      this.#cie = cie;
      this.#state.reset(cie.returnAddress);
      let initial = this.#initialOf.get(cie);
      if (initial === undefined) {
        initial = this.#runCommon(cie);
        this.#initialOf.set(cie, initial);
      }
      this.#initial = initial;
    }
    this.#state.begin(this.#initial.fields);
    this.#dirty = true;
    return this.#initial.isSound;
  }

  #runCommon(cie: CommonInformation): InitialState {
    this.#initial = { fields: new Float64Array(STATE_FIELDS), isSound: false };
    // Nothing moves in a CIE; should it try, its rows have no place to go.
    this.#location.at = 0;
    this.#location.end = 0;
    const isSound = this.#execute(cie, cie.programStart, cie.programEnd);
    return { fields: this.#state.fields.slice(), isSound };
  }

  #execute(cie: CommonInformation, start: number, end: number): boolean {
    try {
      return this.#interpret(cie, start, end);
    } catch (error) {
      if (error instanceof UnwindError && error.code !== 'too-large') return false;
      throw error;
    }
  }

  /**
   * The three instructions that make up nine tenths of every program are handled in place, because
   * most tables are made before this code is compiled; the others go through the reader.
   */
  #interpret(cie: CommonInformation, start: number, end: number): boolean {
    const reader = this.#reader;
    const { bytes } = reader;
    const state = this.#state;
    const location = this.#location;
    reader.window(start, end);
    let at = start;
    while (at < end) {
      const instruction = bytes[at]!;
      const operand = instruction & 0x3f;
      const kind = instruction & 0xc0;
      if (kind === D.DW_CFA_advance_loc) {
        at++;
        if (this.#dirty && operand !== 0 && location.at < location.end) this.#emit(cie);
        location.at += operand * cie.codeAlignment;
        if (location.at >= location.end) return true;
        continue;
      }
      const next = at + 1 < end ? bytes[at + 1]! : 0x80;
      if (next < 0x80 && kind === D.DW_CFA_offset) {
        at += 2;
        if (state.save(operand, R.VALUE_AT_CFA, next * cie.dataAlignment)) this.#dirty = true;
      } else if (next < 0x80 && instruction === D.DW_CFA_def_cfa_offset) {
        at += 2;
        state.setCfaOffset(next);
        this.#dirty = true;
      } else {
        reader.at = at + 1;
        if (kind === D.DW_CFA_offset) {
          this.#save(operand, R.VALUE_AT_CFA, reader.uleb() * cie.dataAlignment);
        } else if (kind === D.DW_CFA_restore) this.#restore(operand);
        else if (!this.#extended(cie, operand)) return true;
        at = reader.at;
      }
    }
    return true;
  }

  /** False when the program has left its function. @throws `UnwindError` for what is no instruction */
  #extended(cie: CommonInformation, opcode: number): boolean {
    const reader = this.#reader;
    const state = this.#state;
    const factor = cie.dataAlignment;
    switch (opcode) {
      case D.DW_CFA_nop:
      case D.DW_CFA_AARCH64_negate_ra_state:
      case D.DW_CFA_AARCH64_negate_ra_state_with_pc:
        // Signed return addresses are masked whether or not they are signed at this point.
        return true;
      case D.DW_CFA_set_loc: {
        const target = readPointer(reader, cie.pointerEncoding, this.#section.bases);
        return this.#advance(cie, target + this.#location.bias - this.#location.at);
      }
      case D.DW_CFA_advance_loc1:
        return this.#advance(cie, reader.u8() * cie.codeAlignment);
      case D.DW_CFA_advance_loc2:
        return this.#advance(cie, reader.u16() * cie.codeAlignment);
      case D.DW_CFA_advance_loc4:
        return this.#advance(cie, reader.u32() * cie.codeAlignment);
      case D.DW_CFA_MIPS_advance_loc8:
        return this.#advance(cie, reader.u64() * cie.codeAlignment);
      case D.DW_CFA_GNU_args_size:
        reader.uleb();
        return true;
      case D.DW_CFA_remember_state:
        state.remember();
        return true;
      case D.DW_CFA_restore_state:
        state.recall();
        this.#dirty = true;
        return true;
    }
    this.#dirty = true;
    switch (opcode) {
      case D.DW_CFA_def_cfa:
        state.setCfa(reader.uleb(), reader.uleb());
        return true;
      case D.DW_CFA_def_cfa_sf:
        state.setCfa(reader.uleb(), reader.sleb() * factor);
        return true;
      case D.DW_CFA_def_cfa_register:
        state.setCfaRegister(reader.uleb());
        return true;
      case D.DW_CFA_def_cfa_offset:
        state.setCfaOffset(reader.uleb());
        return true;
      case D.DW_CFA_def_cfa_offset_sf:
        state.setCfaOffset(reader.sleb() * factor);
        return true;
      case D.DW_CFA_def_cfa_expression: {
        const end = this.#block();
        state.setCfaExpression(reader.bytes, reader.at, end);
        reader.at = end;
        return true;
      }
    }
    this.#registerRule(opcode, reader.uleb(), factor);
    return true;
  }

  /** The instructions whose first operand is the register that they are about. */
  #registerRule(opcode: number, register: number, factor: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case D.DW_CFA_offset_extended:
        this.#save(register, R.VALUE_AT_CFA, reader.uleb() * factor);
        return;
      case D.DW_CFA_offset_extended_sf:
        this.#save(register, R.VALUE_AT_CFA, reader.sleb() * factor);
        return;
      case D.DW_CFA_GNU_negative_offset_extended:
        this.#save(register, R.VALUE_AT_CFA, -reader.uleb() * factor);
        return;
      case D.DW_CFA_val_offset:
        this.#save(register, R.VALUE_CFA, reader.uleb() * factor);
        return;
      case D.DW_CFA_val_offset_sf:
        this.#save(register, R.VALUE_CFA, reader.sleb() * factor);
        return;
      case D.DW_CFA_register:
        this.#save(register, R.VALUE_REGISTER, reader.uleb());
        return;
      case D.DW_CFA_undefined:
        this.#save(register, R.VALUE_UNDEFINED, 0);
        return;
      case D.DW_CFA_same_value:
        this.#save(register, R.VALUE_SAME, 0);
        return;
      case D.DW_CFA_restore_extended:
        this.#restore(register);
        return;
      case D.DW_CFA_expression:
      case D.DW_CFA_val_expression: {
        const end = this.#block();
        const slot = this.#state.slotOf(register);
        if (slot !== UNTRACKED) {
          const { bytes, at } = reader;
          if (opcode === D.DW_CFA_expression) this.#state.setExpression(slot, bytes, at, end);
          else this.#state.setValueExpression(slot, bytes, at, end);
        }
        reader.at = end;
        return;
      }
      default:
        throw new UnwindError('unsupported', `call frame instruction 0x${opcode.toString(16)}`);
    }
  }

  #save(register: number, kind: number, offset: number): void {
    if (this.#state.save(register, kind, offset)) this.#dirty = true;
  }

  #restore(register: number): void {
    const slot = this.#state.slotOf(register);
    if (slot === UNTRACKED) return;
    this.#state.restore(slot, this.#initial.fields);
    this.#dirty = true;
  }

  #block(): number {
    const length = this.#reader.uleb();
    const end = this.#reader.at + length;
    if (end > this.#reader.end)
      throw new UnwindError('truncated', 'an expression past its program');
    return end;
  }

  /** False when that leads to or past the function's end, where no row can be. */
  #advance(cie: CommonInformation, delta: number): boolean {
    if (!(delta >= 0)) throw new UnwindError('malformed', 'a location before the one reached');
    if (delta === 0) return true;
    if (this.#dirty && this.#location.at < this.#location.end) this.#emit(cie);
    this.#location.at += delta;
    return this.#location.at < this.#location.end;
  }

  #emit(cie: CommonInformation): void {
    this.#rows.add(this.#location.at, this.#state.intern(this.#rules, cie.isSignalFrame));
    this.#dirty = false;
  }
}
