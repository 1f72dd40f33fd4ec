/**
 * What binutils' readelf says about a file's call frame information: the rows of
 * `--debug-dump=frames-interp`, and from `--debug-dump=frames` the text of the expressions that the
 * rows only call "exp".
 */

export interface ReadelfRow {
  /** Virtual addresses [from, to) that the row is about. */
  readonly from: number;
  readonly to: number;
  /** Column name to what stands in it: `CFA` to `rsp+16`, `ra` to `c-8`. */
  readonly columns: ReadonlyMap<string, string>;
  /** pc range of the FDE, as readelf writes it. */
  readonly fde: string;
}

/** Texts of expressions by FDE: `CFA` or the register's name, and the operations. */
export type ReadelfExpressions = ReadonlyMap<string, readonly (readonly [string, string])[]>;

function readelf(dump: string, path: string): string[] {
  const options = { env: { ...process.env, LC_ALL: 'C' } };
  const result = Bun.spawnSync(['readelf', `--debug-dump=${dump}`, path], options);
  // Its exit code is 1 for some sound files, without a word; what it cannot read it says.
  const complaints = result.stderr.toString();
  if (complaints !== '') throw new Error(`readelf: ${complaints}`);
  return result.stdout.toString().split('\n');
}

export function* readelfRows(path: string): Generator<ReadelfRow> {
  let fde = '';
  let end = 0;
  let names: string[] = [];
  let pending: { from: number; columns: Map<string, string> } | undefined;
  const close = function* (to: number): Generator<ReadelfRow> {
    if (pending !== undefined && to > pending.from) yield { ...pending, to, fde };
    pending = undefined;
  };
  for (const line of readelf('frames-interp', path)) {
    const header = / FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    if (header !== null || / CIE /.test(line) || line === '') {
      yield* close(end);
      if (header !== null) {
        fde = `${header[1]}..${header[2]}`;
        end = Number.parseInt(header[2] ?? '', 16);
      } else if (line !== '') end = 0;
      continue;
    }
    if (/^ +LOC /.test(line)) {
      names = line.trim().split(/ +/);
      continue;
    }
    if (end === 0 || !/^[0-9a-f]{16} /.test(line)) continue;
    // A value in another register is written as `r5 (rdi)`.
    const cells = line
      .trim()
      .replace(/\br\d+ \((\w+)\)/g, '$1')
      .split(/ +/);
    const from = Number.parseInt(cells[0] ?? '', 16);
    yield* close(Math.min(from, end));
    const columns = new Map(names.slice(1).map((name, i) => [name, cells[i + 1] ?? '']));
    if (from < end) pending = { from, columns };
  }
  yield* close(end);
}

/** Expressions of a CIE count for each of its FDEs. */
export function readelfExpressions(path: string): ReadelfExpressions {
  const found = new Map<string, [string, string][]>();
  const ofCie = new Map<string, [string, string][]>();
  let current: [string, string][] = [];
  for (const line of readelf('frames', path)) {
    const cie = /^([0-9a-f]+) .* CIE$/.exec(line);
    const fde = / FDE cie=([0-9a-f]+) pc=([0-9a-f]+\.\.[0-9a-f]+)/.exec(line);
    if (cie !== null) {
      current = [];
      ofCie.set(cie[1] ?? '', current);
    } else if (fde !== null) {
      current = [...(ofCie.get(fde[1] ?? '') ?? [])];
      found.set(fde[2] ?? '', current);
    }
    const cfa = /^ {2}DW_CFA_def_cfa_expression \((.*)\)$/.exec(line);
    if (cfa !== null) current.push(['CFA', cfa[1] ?? '']);
    const register = /^ {2}DW_CFA_expression: r\d+ \((\w+)\) \((.*)\)$/.exec(line);
    if (register !== null) {
      const name = register[1] === 'rip' ? 'ra' : (register[1] ?? '');
      current.push([name, register[2] ?? '']);
    }
  }
  return found;
}
