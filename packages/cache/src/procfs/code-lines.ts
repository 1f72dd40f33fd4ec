/**
 * The lines of /proc/PID/maps that are about code: a browser has 1,800 mappings of which 110 may be executed, and
 * finding those costs the runtime's own search some microseconds where looking at each line takes milliseconds.
 */

/** The ends of the permissions of what may be executed, private and shared. */
const PRIVATE = 'xp ';
const SHARED = 'xs ';
/** Of such an end, behind the space in front of the permissions. */
const END_AT = 3;
/** What stands in front of a path: addresses, permissions, offset, device, inode. */
const FIELDS = 5;

/**
 * Where lines begin, in their order: those of mappings that may be executed, and in front of each that has no name the
 * last one before it that has a file, which may have been given already; -1 where there is none in this text.
 * @param text whole lines
 */
export function codeLines(text: string): number[] {
  const found: number[] = [];
  let ofPrivate = text.indexOf(PRIVATE);
  let ofShared = text.indexOf(SHARED);
  while (ofPrivate >= 0 || ofShared >= 0) {
    const isPrivate = ofPrivate >= 0 && (ofShared < 0 || ofPrivate < ofShared);
    const at = isPrivate ? ofPrivate : ofShared;
    if (isPrivate) ofPrivate = text.indexOf(PRIVATE, at + 1);
    else ofShared = text.indexOf(SHARED, at + 1);
    const start = text.lastIndexOf('\n', at) + 1;
    // In the path of another mapping anything may stand.
    if (text.indexOf(' ', start) + END_AT !== at) continue;
    if (!hasName(text, start)) found.push(lineOfFile(text, start));
    found.push(start);
  }
  return found;
}

/** Where the last line begins that has a file, in front of the line that begins there; -1 where there is none. */
export function lineOfFile(text: string, before: number): number {
  for (let from = before; from > 0; ) {
    const slash = text.lastIndexOf('/', from - 1);
    if (slash < 0) return -1;
    const start = text.lastIndexOf('\n', slash) + 1;
    if (text[nameAt(text, start)] === '/') return start;
    from = start;
  }
  return -1;
}

function hasName(text: string, start: number): boolean {
  const at = nameAt(text, start);
  return at < text.length && text[at] !== '\n';
}

/** Where the path of the line that begins there begins, or the line's end. */
function nameAt(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  let at = start;
  for (let field = 0; field < FIELDS; field++) {
    const space = text.indexOf(' ', at);
    if (space < 0 || (end >= 0 && space > end)) return end < 0 ? text.length : end;
    at = space + 1;
  }
  while (text[at] === ' ') at++;
  return at;
}
