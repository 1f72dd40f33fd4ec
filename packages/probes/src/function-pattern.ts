/**
 * Which functions a probe is for: one by its name (plain, mangled or demangled, with or without its
 * parameters), many by a glob or a regular expression, or a place in the source.
 */
import { BadEvent } from './bad-event.ts';

export type FunctionPattern =
  | { readonly kind: 'name'; readonly name: string; readonly offset: number }
  | { readonly kind: 'many'; readonly text: string; readonly expression: RegExp }
  | { readonly kind: 'line'; readonly file: string; readonly line: number };

const GLOB = /[*?]|\[[^\]]+\]/;
/** Longer ones match nothing that a compiler writes. */
const MAX_PATTERN = 4096;

/** @throws BadEvent for a text that is no function, and for a bad expression or offset. */
export function parseFunction(event: string, text: string): FunctionPattern {
  if (text === '') throw new BadEvent('syntax', event, 'a function is missing');
  if (text.length > MAX_PATTERN) throw new BadEvent('syntax', event, 'the name is too long');
  const [, source] = /^\/(.+)\/$/s.exec(text) ?? [];
  if (source !== undefined) {
    return { kind: 'many', text, expression: expressionOf(event, source, 'u') };
  }
  const [, file, line] = /^(.+\.[a-z]\w{0,3}):(\d+)$/i.exec(text) ?? [];
  if (file !== undefined) return { kind: 'line', file, line: Number(line) };
  if (text.startsWith('/'))
    throw new BadEvent(
      'syntax',
      event,
      `a function is missing: write it behind the file, as in ${text}:FUNCTION`,
    );
  const [, name = text, offset = '0'] = /^(.+?)\+(0x[0-9a-f]+|\d+)$/i.exec(text) ?? [];
  if (isGlob(name)) {
    if (name !== text)
      throw new BadEvent('syntax', event, 'an offset belongs to one function, not to a pattern');
    return { kind: 'many', text, expression: expressionOf(event, globSource(name), 's') };
  }
  return { kind: 'name', name, offset: Number(offset) };
}

/** C++ has `operator*`, `char*` and `operator[]`: what stands in parameters or behind `operator` is no pattern. */
function isGlob(name: string): boolean {
  return GLOB.test(name.replace(/[(<].*$/s, '').replace(/operator\W+$/, ''));
}

/** A range of a glob may be the wrong way round as well: `[z-a]`. */
function expressionOf(event: string, source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new BadEvent('syntax', event, (error as Error).message);
  }
}

function globSource(glob: string): string {
  const source = glob.replace(/\[[^\]]+\]|[*?]|[\\^$.|+()[\]{}]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    return part.length > 1 ? part.replace(/^\[!/, '[^') : `\\${part}`;
  });
  return `^${source}$`;
}

/** The names that a function is known by: as the linker has it, and as people wrote it. */
export function namesOf(linkName: string, demangle: (name: string) => string): string[] {
  const plain = linkName.replace(/@.*$/, '');
  const written = demangle(plain);
  if (written === plain) return [plain];
  const names = [plain, written];
  const short = withoutParameters(written);
  if (short !== written) names.push(short);
  // Rust's older names end with a hash.
  const unhashed = written.replace(/::h[0-9a-f]{16}$/, '');
  if (unhashed !== written) names.push(unhashed);
  return names;
}

/** `ns::f(int) const` is `ns::f`. */
function withoutParameters(name: string): string {
  let depth = 0;
  for (let at = name.length - 1; at > 0; at--) {
    const letter = name[at];
    if (letter === ')') depth++;
    else if (letter === '(' && --depth === 0) {
      const short = name.slice(0, at);
      return short.endsWith('operator') ? name : short;
    }
  }
  return name;
}
