/**
 * From an ELF file to its unwind table: the one function that most users call. Pure and synchronous;
 * it reads the sections it needs and nothing else, so it can run on any thread.
 */
import type { ElfImage } from '@waggle/symbols';
import { CfaProgram } from '../dwarf/cfa-program.ts';
import { encodeTable } from '../table/encode.ts';
import { RowList } from '../table/row-list.ts';
import { RuleDictionary } from '../table/rule-dictionary.ts';
import { UnwindTable } from '../table/unwind-table.ts';
import { type FrameSources, frameSources } from './frame-sources.ts';
import { inOrder } from './function-ranges.ts';

/** What the file's call frame information covers, and what was wrong with it. */
export interface TableStats {
  /** Functions with rows. */
  readonly functions: number;
  /** Records that cannot be read, and programs that break off; their code has no usable rows. */
  readonly damaged: number;
  /** FDEs about nothing that is mapped as code. */
  readonly outside: number;
  /** FDEs that contradict another one about the same code; the one that begins later wins. */
  readonly overlapping: number;
  /** Rows whose rule cannot be expressed, damaged programs included. */
  readonly unsupportedRows: number;
  /** Bytes of call frame information read. */
  readonly frameBytes: number;
}

export interface BuiltTable {
  readonly table: UnwindTable;
  readonly stats: TableStats;
}

/**
 * The table of an executable, a library or a vDSO image; a file without call frame information
 * gives one without rows.
 * @throws `UnwindError` (`unsupported` for another machine, `truncated` when .eh_frame is cut off,
 *   `too-large` beyond the limits), `ElfError` for damage in the ELF headers, and NodeJS.ErrnoException
 *   of reading
 */
export function buildUnwindTable(elf: ElfImage): BuiltTable {
  return tableOfSources(frameSources(elf));
}

/** @throws `UnwindError` beyond the limits */
export function tableOfSources(found: FrameSources): BuiltTable {
  const { architecture, sources } = found;
  const rows = new RowList();
  const rules = new RuleDictionary();
  const programs = sources.map(({ section }) => new CfaProgram(section, architecture, rows, rules));
  const lists = sources.map(({ ranges }) => ranges);
  const frameBytes = sources.reduce((sum, { section }) => sum + section.bytes.length, 0);
  let { damaged } = found;
  let functions = 0;
  inOrder(lists, (list, index) => {
    const { fdes, ranges } = sources[list]!;
    const start = ranges.start[index]!;
    const end = ranges.end[index]!;
    const fde = ranges.description[index]!;
    const cie = fdes.common[fdes.cie[fde]!]!;
    rows.beginFunction(start, end);
    const { programStart, programEnd } = fdes;
    const bias = ranges.bias[index]!;
    functions++;
    const sound = programs[list]!.run(cie, start, end, bias, programStart[fde]!, programEnd[fde]!);
    if (!sound) damaged++;
  });

  const unsupported = rules.internUnsupported();
  const unsupportedRows = occurrences(rows.rules, unsupported);
  const bytes = encodeTable(rows, rules, architecture.machine);
  const outside = lists.reduce((sum, ranges) => sum + ranges.outside, 0);
  // That there is real information about a linkage table is no contradiction.
  const overlapping = sources.reduce(
    (sum, { ranges, synthetic }) => sum + (synthetic ? 0 : ranges.overlapping),
    0,
  );
  return {
    table: UnwindTable.fromEncoder(bytes),
    stats: { functions, damaged, outside, overlapping, unsupportedRows, frameBytes },
  };
}

/** Hardly ever any: a search by the runtime itself is over before a loop would have been compiled. */
function occurrences(rules: Uint16Array, rule: number): number {
  let count = 0;
  for (let at = rules.indexOf(rule); at >= 0; at = rules.indexOf(rule, at + 1)) count++;
  return count;
}
