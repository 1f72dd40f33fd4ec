/** Numbers with their noun, for people. */

/** `1 plugin`, `2 plugins`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
