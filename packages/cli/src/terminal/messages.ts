// Words for people, on stderr, one line each with the program's name; and one line on a terminal that
// says how far something is, and makes room for words.

const CLEAR_LINE = '\r\u001b[K';

let progress = '';

export function say(text: string): void {
  process.stderr.write(`${progress === '' ? '' : CLEAR_LINE}waggle: ${text}\n${progress}`);
}

/** Only where stderr is a terminal. The line stands until clearProgress(). */
export function showProgress(text: string): void {
  progress = text;
  process.stderr.write(`${CLEAR_LINE}${text}`);
}

export function clearProgress(): void {
  if (progress === '') return;
  progress = '';
  process.stderr.write(CLEAR_LINE);
}
