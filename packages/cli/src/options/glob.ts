/** Globs of paths as regular expressions: `*` and `?` stay within a name, `**` does not. */

/** Matches nowhere. */
const NOTHING = '(?!)';

export function globRegex(glob: string): RegExp {
  let source = '';
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at] ?? '';
    if (glob.startsWith('**/', at)) {
      source += '(?:.*/)?';
      at += 2;
    } else if (glob.startsWith('**', at)) {
      source += '.*';
      at++;
    } else if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (character === '[') {
      const end = glob.indexOf(']', at + 2);
      if (end < 0) source += '\\[';
      else {
        source += classSource(glob.slice(at + 1, end));
        at = end;
      }
    } else source += character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
}

/** `[a-z]`, `[!a-z]`: nothing else means anything in it. A range that runs back holds nothing, as in a shell. */
function classSource(inside: string): string {
  const negated = inside.startsWith('!') || inside.startsWith('^');
  const members = (negated ? inside.slice(1) : inside).replace(/[\\\]^[]/g, '\\$&');
  const source = `[${negated ? '^/' : ''}${members}]`;
  try {
    new RegExp(source);
    return source;
  } catch {
    return NOTHING;
  }
}
