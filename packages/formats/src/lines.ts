/** The lines of a text, one after the other: a list of them would take as much memory as the text. */
export function* linesOf(text: string): Generator<string, void> {
  let from = 0;
  for (;;) {
    const end = text.indexOf('\n', from);
    if (end < 0) break;
    yield text.slice(from, end);
    from = end + 1;
  }
  yield text.slice(from);
}
