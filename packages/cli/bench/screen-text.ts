// What is on a terminal's screen, of what a program wrote to it: only cells that change are written, so words are
// not found in the bytes. Enough of a terminal for that: text, where it goes, and clearing.

const ESC = '\u001b';
const BEL = '\u0007';
/** CSI, then OSC and other strings, escapes of two characters, and one character. */
const PART = `${ESC}\\[([?<>=]?[\\d;:]*)[ -/]*([@-~])|${ESC}[\\]P_^X][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)|${ESC}[^[\\]P_^X]|[^${ESC}]`;
const PARTS = new RegExp(PART, 'gu');
const FIRST_PART = new RegExp(`^(?:${PART})`, 'u');

export class ScreenText {
  readonly #rows: string[][];
  readonly #columns: number;
  #row = 0;
  #column = 0;
  #rest = '';

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = Array.from({ length: rows }, () => Array<string>(columns).fill(' '));
  }

  write(text: string): void {
    let all = this.#rest + text;
    const last = all.lastIndexOf(ESC);
    const isCut = last >= 0 && !FIRST_PART.test(all.slice(last));
    this.#rest = isCut ? all.slice(last) : '';
    if (isCut) all = all.slice(0, last);
    for (const match of all.matchAll(PARTS)) {
      if (match[2] !== undefined) this.#control(match[2], match[1] ?? '');
      else if (!match[0].startsWith(ESC)) this.#put(match[0]);
    }
  }

  has(words: string): boolean {
    return this.#rows.some((row) => row.join('').includes(words));
  }

  match(pattern: RegExp): RegExpExecArray | null {
    return pattern.exec(this.#rows.map((row) => row.join('')).join('\n'));
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#row++;
    else if (character >= ' ') {
      const row = this.#rows[this.#row];
      if (row !== undefined && this.#column < this.#columns) row[this.#column] = character;
      this.#column += Bun.stringWidth(character);
    }
  }

  #control(kind: string, parameters: string): void {
    const [first = 0, second = 0] = parameters.split(';').map(Number);
    if (kind === 'H' || kind === 'f') {
      this.#row = Math.max(first, 1) - 1;
      this.#column = Math.max(second, 1) - 1;
    } else if (kind === 'C') this.#column += Math.max(first, 1);
    else if (kind === 'G') this.#column = Math.max(first, 1) - 1;
    else if (kind === 'J') for (const row of this.#rows) row.fill(' ');
    else if (kind === 'K') this.#rows[this.#row]?.fill(' ', this.#column);
  }
}
