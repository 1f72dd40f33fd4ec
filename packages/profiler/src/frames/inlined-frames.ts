/**
 * What DWARF adds to a named function: the place in the source, and the functions that the compiler
 * inlined there, which then stand between it and what it calls.
 */

import type { ProfileFrame } from '@waggle/formats';
import {
  demangle,
  isSystemError,
  ObjectSymbols,
  type ObjectSymbolsOptions,
  type SourceLocation,
} from '@waggle/symbols';

/** Of an inlined function that the compiler's debug information has no name for. */
const NAMELESS = '[inlined]';

/** Out of descriptors, of this process or of the host. */
const NO_DESCRIPTORS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);

/**
 * The object's symbols, with its lines. Debug files stay open for those, so an object may have to do
 * without; its functions keep their names.
 */
export function openWithLines(fd: number, options: ObjectSymbolsOptions): ObjectSymbols {
  try {
    return ObjectSymbols.open(fd, { ...options, lines: true });
  } catch (error) {
    if (!isSystemError(error) || !NO_DESCRIPTORS.has(error.code)) throw error;
    return ObjectSymbols.open(fd, options);
  }
}

/**
 * The functions at one address, in the order of a stack that is root first: the code's own, then
 * those that were inlined there, outermost first. `own` alone where nothing is known of the place.
 */
export function inlinedFrames(
  own: ProfileFrame,
  location: SourceLocation | undefined,
): readonly ProfileFrame[] {
  if (location === undefined) return [own];
  const { object } = own;
  return [
    { ...own, ...placeFields(location) },
    ...location.inlined.map((place): ProfileFrame => {
      const name = place.function === undefined ? NAMELESS : demangle(place.function);
      return {
        name,
        kind: 'user',
        object,
        ...placeFields(place),
        inlined: true,
      };
    }),
  ];
}

/** `file:line`, or what of it is known; null for nothing. */
export function sourceOf({ file, line }: ProfileFrame): string | null {
  if (file === undefined) return null;
  return line === undefined ? file : `${file}:${line}`;
}

/** Compilers write line 0 for code that belongs to no line. */
function placeFields({
  file,
  line,
}: Pick<SourceLocation, 'file' | 'line'>): Pick<ProfileFrame, 'file' | 'line'> {
  return { file, line: line > 0 ? line : undefined };
}
