/**
 * Line tables: runs the line number program of one unit and keeps its rows, address to file and
 * line, by sequence. Columns, since a unit can have a million rows. Versions 2 to 5 of the format.
 * Source: DWARF 5, section 6.2; for version 4 and before, DWARF 4, section 6.2.
 */
import { ElfError } from '../elf/error.ts';
import {
  DW_FORM_string,
  DW_LNCT_directory_index,
  DW_LNCT_path,
  DW_LNE_end_sequence,
  DW_LNE_set_address,
  DW_LNS_advance_line,
  DW_LNS_advance_pc,
  DW_LNS_const_add_pc,
  DW_LNS_copy,
  DW_LNS_fixed_advance_pc,
  DW_LNS_set_file,
} from './constants.ts';
import { DwarfCursor } from './cursor.ts';
import { type FormValue, readForm } from './forms.ts';
import { LineRows } from './line-rows.ts';
import type { DebugSections } from './sections.ts';
import type { Unit } from './unit.ts';

const MAX_NAME = 4096;
const MAX_PROGRAM = 256 * 1024 * 1024;
/** Of one unit; real ones have some thousand. */
const MAX_FILES = 262_144;
/** Between two looks at the clock. */
const OPCODES_AT_ONCE = 65_536;
const NO_BYTES = new Uint8Array(0);

/**
 * A file or directory as the table names it. In version 5 the name is mostly an offset, and stays
 * one until somebody asks: many entries may share one long name.
 */
interface NamedFile {
  readonly name: string | FormValue;
  readonly directory: number;
}

/** What the header of a table says, and the unit that its offsets belong to. */
interface TableHeader {
  readonly version: number;
  readonly compDir: string;
  readonly unit: Unit;
  readonly directories: readonly NamedFile[];
  readonly files: readonly NamedFile[];
}

export class LineTable {
  readonly rows = new LineRows();
  readonly #header: TableHeader;
  readonly #paths = new Map<number, string | undefined>();

  private constructor(header: TableHeader) {
    this.#header = header;
  }

  /**
   * The table of a unit, from `offset` of .debug_line.
   * @throws `ElfError` when its header is damaged; the rows before a damage in the program are kept
   */
  static read(sections: DebugSections, unit: Unit, offset: number, compDir: string): LineTable {
    const head = new DwarfCursor(sections.readUpTo('.debug_line', offset, 12));
    const short = head.u32();
    const isLong = short === 0xffff_ffff;
    const length = isLong ? head.u64() : short;
    if (length > MAX_PROGRAM) throw new ElfError('malformed', 'a line table is too large');
    const bytes = sections.read('.debug_line', offset + head.at, length);
    const program = new LineProgram(unit, bytes, isLong ? 8 : 4);
    const table = new LineTable({ ...program.readHeader(), compDir, unit });
    program.run(table.rows, () => sections.checkTime());
    return table;
  }

  /** The path of a file by the number that rows and DW_AT_call_file use; undefined if unknown. */
  path(file: number): string | undefined {
    if (!this.#paths.has(file)) this.#paths.set(file, this.#makePath(file));
    return this.#paths.get(file);
  }

  /** Where code of a file begins, by line; of what is named so, or by a path that ends so. */
  *placesOf(name: string): Generator<{ readonly address: number; readonly line: number }> {
    const known = new Map<number, boolean>();
    const isWanted = (file: number) => {
      const before = known.get(file);
      if (before !== undefined) return before;
      const path = this.path(file);
      const is = path !== undefined && (path === name || path.endsWith(`/${name}`));
      known.set(file, is);
      return is;
    };
    yield* this.rows.ofFile(isWanted);
  }

  #makePath(file: number): string | undefined {
    const { version, compDir, directories, files } = this.#header;
    // Counted from 1 before version 5, where 0 meant no file.
    const base = version >= 5 ? 0 : 1;
    const entry = files[file - base];
    if (entry === undefined) return undefined;
    const directory = directories[entry.directory - base];
    return join(compDir, join(directory ? this.#text(directory) : '', this.#text(entry)));
  }

  #text({ name }: NamedFile): string {
    if (typeof name === 'string') return name;
    return (this.#header.unit.text(name, NO_BYTES) ?? '').slice(0, MAX_NAME);
  }
}

function join(directory: string, name: string): string {
  if (directory === '' || name.startsWith('/')) return name;
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

class LineProgram {
  readonly #unit: Unit;
  readonly #cursor: DwarfCursor;
  readonly #offsetSize: number;
  #shape: ProgramShape | undefined;

  constructor(unit: Unit, bytes: Uint8Array, offsetSize: number) {
    this.#unit = unit;
    this.#cursor = new DwarfCursor(bytes);
    this.#offsetSize = offsetSize;
  }

  readHeader(): Pick<TableHeader, 'version' | 'directories' | 'files'> {
    const cursor = this.#cursor;
    const version = cursor.u16();
    if (version < 2 || version > 5) {
      throw new ElfError('malformed', `line table version ${version}`);
    }
    if (version >= 5) cursor.skip(2);
    const headerLength = cursor.unsigned(this.#offsetSize);
    const program = cursor.at + headerLength;
    const minimumLength = cursor.u8();
    if (version >= 4) cursor.skip(1);
    cursor.skip(1);
    const lineBase = (cursor.u8() << 24) >> 24;
    const lineRange = cursor.u8();
    const opcodeBase = cursor.u8();
    if (lineRange === 0 || opcodeBase === 0) throw new ElfError('malformed', 'a bad line table');
    const operands: number[] = [0];
    for (let i = 1; i < opcodeBase; i++) operands.push(cursor.u8());
    this.#shape = { minimumLength, lineBase, lineRange, opcodeBase, operands };
    const names = version >= 5 ? this.#names5() : this.#names4();
    cursor.at = program;
    return { version, ...names };
  }

  /** Runs the program behind the header that was read; what comes before a damage is kept. */
  run(rows: LineRows, checkTime: () => void): void {
    try {
      if (this.#shape !== undefined) execute(this.#cursor, this.#shape, rows, checkTime);
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
    rows.finish();
  }

  #names4(): Pick<TableHeader, 'directories' | 'files'> {
    const cursor = this.#cursor;
    const directories: NamedFile[] = [];
    for (;;) {
      const name = cursor.string(MAX_NAME);
      if (name === '') break;
      if (directories.length === MAX_FILES) throw tooManyFiles();
      directories.push({ name, directory: 0 });
    }
    const files: NamedFile[] = [];
    for (;;) {
      const name = cursor.string(MAX_NAME);
      if (name === '') return { directories, files };
      if (files.length === MAX_FILES) throw tooManyFiles();
      files.push({ name, directory: cursor.uleb() });
      cursor.uleb();
      cursor.uleb();
    }
  }

  #names5(): Pick<TableHeader, 'directories' | 'files'> {
    const directories = this.#entries();
    return { directories, files: this.#entries() };
  }

  #entries(): NamedFile[] {
    const cursor = this.#cursor;
    const formats: number[] = [];
    for (let i = cursor.u8(); i > 0; i--) formats.push(cursor.uleb(), cursor.uleb());
    const count = cursor.uleb();
    // Each takes a byte at least, whatever the forms are.
    if (count > Math.min(MAX_FILES, cursor.bytes.length - cursor.at)) {
      throw tooManyFiles();
    }
    const encoding = {
      version: 5,
      offsetSize: this.#offsetSize,
      addressSize: this.#unit.addressSize,
    };
    const entries: NamedFile[] = [];
    const value: FormValue = { form: 0, value: 0 };
    for (let i = 0; i < count; i++) {
      let name: string | FormValue = '';
      let directory = 0;
      for (let f = 0; f < formats.length; f += 2) {
        readForm(cursor, formats[f + 1] as number, 0, encoding, value);
        if (formats[f] === DW_LNCT_directory_index) directory = value.value;
        else if (formats[f] === DW_LNCT_path) name = this.#name(value);
      }
      entries.push({ name, directory });
    }
    return entries;
  }

  #name(value: FormValue): string | FormValue {
    if (value.form !== DW_FORM_string) return { ...value };
    return (this.#unit.text(value, this.#cursor.bytes) ?? '').slice(0, MAX_NAME);
  }
}

function tooManyFiles(): ElfError {
  return new ElfError('malformed', 'a line table claims more files than it can hold');
}

interface ProgramShape {
  readonly minimumLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Number of operands by standard opcode, for those that are not known. */
  readonly operands: readonly number[];
}

/**
 * The state machine; rows go to `rows` until the program ends, or there is no room.
 * @throws `ElfError` on damage
 */
function execute(
  cursor: DwarfCursor,
  shape: ProgramShape,
  rows: LineRows,
  checkTime: () => void,
): void {
  const { minimumLength, lineBase, lineRange, opcodeBase, operands } = shape;
  let address = 0;
  let file = 1;
  let line = 1;
  for (let count = 1; !cursor.done && !rows.isFull; count++) {
    if (count % OPCODES_AT_ONCE === 0) checkTime();
    const opcode = cursor.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      address += Math.floor(adjusted / lineRange) * minimumLength;
      line += lineBase + (adjusted % lineRange);
      rows.add(address, file, line);
    } else if (opcode === 0) {
      const length = cursor.uleb();
      const end = cursor.at + length;
      const extended = length > 0 ? cursor.u8() : 0;
      if (extended === DW_LNE_end_sequence) {
        rows.endSequence(address);
        address = 0;
        file = 1;
        line = 1;
      } else if (extended === DW_LNE_set_address) {
        address = cursor.unsigned(length - 1);
      }
      // Others, DW_LNE_define_file among them, are written by no compiler in use.
      cursor.at = Math.max(cursor.at, end);
    } else if (opcode === DW_LNS_copy) {
      rows.add(address, file, line);
    } else if (opcode === DW_LNS_advance_pc) {
      address += cursor.uleb() * minimumLength;
    } else if (opcode === DW_LNS_advance_line) {
      line += cursor.sleb();
    } else if (opcode === DW_LNS_set_file) {
      file = cursor.uleb();
    } else if (opcode === DW_LNS_const_add_pc) {
      address += Math.floor((255 - opcodeBase) / lineRange) * minimumLength;
    } else if (opcode === DW_LNS_fixed_advance_pc) {
      address += cursor.u16();
    } else {
      for (let i = operands[opcode] ?? 0; i > 0; i--) cursor.uleb();
    }
  }
}
