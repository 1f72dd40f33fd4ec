/** Who something is about, as messages and titles name them. */

import { printable } from '@waggle/text';

/** `process 7`, `threads 7, 8`. */
export function idsInWords(what: 'process' | 'thread', ids: readonly number[]): string {
  const plural = what === 'process' ? 'es' : 's';
  return `${what}${ids.length === 1 ? '' : plural} ${ids.join(', ')}`;
}

/** `in /sys/fs/cgroup/a or container b`. */
export function placesInWords(places: readonly string[]): string {
  return `in ${places.map((place) => printable(place)).join(' or ')}`;
}
