/**
 * Whether bytes are a table: everything that a search relies on, and everything that the encoder
 * guarantees. A table that passes is safe to hand to a BPF program and means what its rows say.
 */
import { UnwindError } from '../error.ts';
import * as L from './layout.ts';
import * as R from './rule.ts';
import { MAX_RULES } from './rule-dictionary.ts';

function bad(message: string): UnwindError {
  return new UnwindError('bad-table', message);
}

interface Counts {
  readonly view: DataView;
  readonly directories: number;
  readonly rowBlocks: number;
  readonly ruleBlocks: number;
  readonly rows: number;
  readonly rules: number;
}

/** @throws `UnwindError('bad-table')`; linear in the table's size */
export function checkTable(bytes: Uint8Array): void {
  const { view, directories, rowBlocks, ruleBlocks, rows, rules } = checkCounts(bytes);
  const start = view.getUint32(L.HEADER.start, true);
  const end = view.getUint32(L.HEADER.end, true);
  for (let at = L.HEADER.end + 4; at < L.HEADER_BYTES; at++) {
    if (bytes[at] !== 0) throw bad('reserved bytes are in use');
  }
  checkKeys(view, directories, rowBlocks);
  const firstKey = rowBlocks === 0 ? 0 : view.getUint32(L.BLOCK_BYTES, true);
  if (start !== firstKey) throw bad('the start is not the first row');
  const last = checkRows(view, 1 + directories, rowBlocks, rows, rules);
  if (rowBlocks === 0 ? end !== 0 : !(end > last && end < L.NO_BLOCK)) {
    throw bad('the end is not behind the last row');
  }
  checkRules(view, bytes.length - ruleBlocks * L.BLOCK_BYTES, rules);
}

/** Whether these are whole blocks of this version, as many as the header says. @throws `UnwindError('bad-table')` */
export function checkCounts(bytes: Uint8Array): Counts {
  if (bytes.length < L.BLOCK_BYTES || bytes.length % L.BLOCK_BYTES !== 0) {
    throw bad(`${bytes.length} bytes are no whole number of blocks`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(L.HEADER.magic, true) !== L.TABLE_MAGIC) throw bad('no unwind table');
  const version = view.getUint16(L.HEADER.version, true);
  if (version !== L.FORMAT_VERSION) throw bad(`version ${version}, not ${L.FORMAT_VERSION}`);
  const directories = view.getUint32(L.HEADER.directoryBlocks, true);
  const rowBlocks = view.getUint32(L.HEADER.rowBlocks, true);
  const ruleBlocks = view.getUint32(L.HEADER.ruleBlocks, true);
  const rows = view.getUint32(L.HEADER.rows, true);
  const rules = view.getUint32(L.HEADER.rules, true);
  const fit =
    bytes.length / L.BLOCK_BYTES === 1 + directories + rowBlocks + ruleBlocks &&
    directories <= L.ROOT_FANOUT &&
    directories === Math.ceil(rowBlocks / L.DIRECTORY_FANOUT) &&
    ruleBlocks === Math.ceil(rules / L.RULES_PER_BLOCK) &&
    rules >= 1 &&
    rules <= MAX_RULES &&
    rows >= rowBlocks &&
    rows <= rowBlocks * L.ROWS_PER_BLOCK;
  if (!fit) throw bad('the counts in the header contradict each other');
  return { view, directories, rowBlocks, ruleBlocks, rows, rules };
}

function checkKeys(view: DataView, directories: number, rowBlocks: number): void {
  for (let slot = 0; slot < L.ROOT_FANOUT; slot++) {
    const key = view.getUint32(L.HEADER.root + slot * 4, true);
    const expected =
      slot < directories ? view.getUint32((1 + slot) * L.BLOCK_BYTES, true) : L.NO_BLOCK;
    if (key !== expected) throw bad(`root key ${slot} is not its directory's first`);
  }
  for (let rest = L.HEADER.root + L.ROOT_FANOUT * 4; rest < L.BLOCK_BYTES; rest += 4) {
    if (view.getUint32(rest, true) !== 0) throw bad('reserved bytes are in use');
  }
  let previous = -1;
  for (let slot = 0; slot < directories * L.DIRECTORY_FANOUT; slot++) {
    const key = view.getUint32(L.BLOCK_BYTES + slot * 4, true);
    const sound = slot < rowBlocks ? key > previous && key < L.NO_BLOCK : key === L.NO_BLOCK;
    if (!sound) throw bad(`directory key ${slot} is out of order`);
    previous = key;
  }
}

/** Gives the file offset of the last row. */
function checkRows(
  view: DataView,
  firstBlock: number,
  rowBlocks: number,
  rows: number,
  rules: number,
): number {
  let seen = 0;
  let last = -1;
  for (let block = 0; block < rowBlocks; block++) {
    const at = (firstBlock + block) * L.BLOCK_BYTES;
    const base = view.getUint32(L.BLOCK_BYTES + block * 4, true);
    if (base <= last) throw bad(`the rows of block ${block} begin inside the block before`);
    let distance = -1;
    let rule = -1;
    let ended = false;
    for (let row = 0; row < L.ROWS_PER_BLOCK; row++) {
      const nextDistance = view.getUint16(at + row * 2, true);
      const nextRule = view.getUint16(at + L.ROW_RULES + row * 2, true);
      if (nextRule >= rules) throw bad(`rule ${nextRule} of ${rules}`);
      if (nextDistance === L.MAX_DISTANCE && nextRule === rule) {
        ended = true;
      } else {
        if (ended || nextDistance <= distance) throw bad(`row ${row} of block ${block}`);
        if (row === 0 && nextDistance !== 0) throw bad(`block ${block} does not begin at its key`);
        seen++;
        last = base + nextDistance;
      }
      distance = nextDistance;
      rule = nextRule;
    }
  }
  if (seen !== rows) throw bad(`${seen} rows, the header says ${rows}`);
  return last;
}

function checkRules(view: DataView, at: number, rules: number): void {
  for (let index = 0; index < rules; index++) {
    const rule = at + index * R.RULE_BYTES;
    const ra = view.getUint8(rule + 1) & ~R.RULE_SIGNAL_FRAME;
    const known =
      view.getUint8(rule) <= R.CFA_UNSUPPORTED &&
      ra <= R.VALUE_UNDEFINED &&
      view.getUint8(rule + 2) <= R.VALUE_UNDEFINED &&
      view.getUint8(rule + 3) <= R.VALUE_UNDEFINED;
    if (!known) throw bad(`rule ${index} is of an unknown kind`);
  }
  for (let word = 0; word < R.RULE_BYTES; word += 4) {
    if (view.getUint32(at + word, true) !== 0) throw bad('rule 0 is not "no rule"');
  }
  for (let rest = at + rules * R.RULE_BYTES; rest < view.byteLength; rest += 4) {
    if (view.getUint32(rest, true) !== 0) throw bad('bytes behind the last rule');
  }
}
