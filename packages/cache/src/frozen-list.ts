/**
 * Beyond this many the engine takes some 10 µs for each to freeze, and to read it afterwards: a frozen array
 * is kept as a table of properties. Whoever starts a process may give it two million arguments.
 */
const MAX_FROZEN = 1024;

/** The list itself, frozen unless it is so long that it would take too long. */
export function frozenList<Item>(list: Item[]): readonly Item[] {
  return list.length <= MAX_FROZEN ? Object.freeze(list) : list;
}
