// Words for people, on stderr, one line each with the program's name.

export function say(text: string): void {
  process.stderr.write(`waggle: ${text}\n`);
}
