// Databases whose pages lead back to themselves, or to one page many times: what no SQLite writes, and what somebody can.
// The format is https://sqlite.org/fileformat2.html; what is changed is the file of a database without a log (journal_mode
// DELETE) that nobody has open.

import { Database } from 'bun:sqlite';
import { readFileSync, writeFileSync } from 'node:fs';

/** Levels of a tree in SQLite are 20 at most. */
const LEVELS = 15;
const CHILDREN = 100;
const HEADER_BYTES = 100;
const INTERIOR_TABLE = 5;
const INTERIOR_INDEX = 2;

class Pages {
  readonly #path: string;
  #bytes: Buffer;
  readonly #size: number;

  constructor(path: string) {
    this.#path = path;
    this.#bytes = readFileSync(path);
    const size = this.#bytes.readUInt16BE(16);
    this.#size = size === 1 ? 65_536 : size;
  }

  /** From 1 on. */
  page(number: number): Buffer {
    return this.#bytes.subarray((number - 1) * this.#size, number * this.#size);
  }

  /** @returns its number */
  add(content: Uint8Array = new Uint8Array()): number {
    const page = Buffer.alloc(this.#size);
    page.set(content);
    this.#bytes = Buffer.concat([this.#bytes, page]);
    const count = this.#bytes.length / this.#size;
    this.#bytes.writeUInt32BE(count, 28);
    return count;
  }

  /** A page whose children are these, with keys from 1 on. @param content what is in front of each child's key, for an index */
  interior(children: readonly number[], payload: Uint8Array | undefined): Buffer {
    const page = Buffer.alloc(this.#size);
    page[0] = payload === undefined ? INTERIOR_TABLE : INTERIOR_INDEX;
    const last = children.length - 1;
    page.writeUInt16BE(last, 3);
    page.writeUInt32BE(children[last] ?? 0, 8);
    let at = this.#size;
    for (const [index, child] of children.slice(0, last).entries()) {
      const cell = Buffer.alloc(4 + (payload?.length ?? 1));
      cell.writeUInt32BE(child);
      cell.set(payload ?? [index + 1], 4);
      at -= cell.length;
      cell.copy(page, at);
      page.writeUInt16BE(at, 12 + 2 * index);
    }
    page.writeUInt16BE(at, 5);
    return page;
  }

  /** Of a page that is there, so many levels above it, each of which has the next as all of its children. */
  above(leaf: number, payload?: Uint8Array): number {
    let child = leaf;
    for (let level = 0; level < LEVELS; level++)
      child = this.add(this.interior(new Array(CHILDREN).fill(child), payload));
    return child;
  }

  get count(): number {
    return this.#bytes.length / this.#size;
  }

  get size(): number {
    return this.#size;
  }

  [Symbol.dispose](): void {
    writeFileSync(this.#path, this.#bytes);
  }
}

const rootsOf = (path: string): ReadonlyMap<string, number> => {
  using database = new Database(path, { readonly: true });
  const rows = database.query('SELECT name, rootpage FROM sqlite_schema').all() as {
    readonly name: string;
    readonly rootpage: number;
  }[];
  return new Map(rows.map(({ name, rootpage }) => [name, rootpage]));
};

/** The leftmost leaf below a root. */
function leafOf(pages: Pages, root: number): number {
  for (let number = root; ; ) {
    const page = pages.page(number);
    if (page[0] !== INTERIOR_TABLE && page[0] !== INTERIOR_INDEX) return number;
    number =
      page.readUInt16BE(3) > 0 ? page.readUInt32BE(page.readUInt16BE(12)) : page.readUInt32BE(8);
  }
}

/** Of a leaf of an index: the length of its first entry, and that. All of ours are short. */
function firstEntryOf(page: Buffer): Buffer {
  const at = page.readUInt16BE(8);
  return page.subarray(at, at + 1 + (page[at] ?? 0));
}

/** All rows of a leaf, many billions of times. */
function multiply(path: string, name: string): void {
  const root = rootsOf(path).get(name) ?? 0;
  using pages = new Pages(path);
  const leaf = pages.page(leafOf(pages, root));
  const isIndex = leaf[0] === 10;
  const copy = pages.add(leaf);
  const top = pages.above(copy, isIndex ? Buffer.from(firstEntryOf(leaf)) : undefined);
  pages.page(root).set(pages.page(top));
}

/** By what is done to the file. */
export const CIRCLES: Readonly<Record<string, (path: string) => void>> = {
  'a table whose root is its own last child': (path) => {
    const root = rootsOf(path).get('process') ?? 0;
    using pages = new Pages(path);
    const leaf = leafOf(pages, root);
    pages.page(root).set(pages.interior([leaf, root], undefined));
  },
  'a table of fifteen levels with one leaf': (path) => multiply(path, 'process'),
  'an index of births of fifteen levels with one leaf': (path) => multiply(path, 'process_start'),
  'an index of failures of fifteen levels with one leaf': (path) => multiply(path, 'failure_time'),
  'images, texts, profiles and losses of fifteen levels with one leaf': (path) => {
    for (const name of ['image', 'image_process', 'text', 'profile', 'profile_time', 'loss', 'gap'])
      multiply(path, name);
  },
  'a schema of fifteen levels with one leaf': (path) => {
    {
      using database = new Database(path);
      database.run('CREATE TABLE again (type, name, tbl_name, rootpage INTEGER, sql)');
      database.run(
        "INSERT INTO again SELECT type, name, tbl_name, rootpage, NULL FROM sqlite_schema WHERE name = 'text_digest'",
      );
    }
    const again = rootsOf(path).get('again') ?? 0;
    using pages = new Pages(path);
    const first = pages.page(1);
    // Of the first page all but the header of the file.
    const rows = Buffer.from(first);
    rows.copyWithin(0, HEADER_BYTES, HEADER_BYTES + 8 + 2 * first.readUInt16BE(HEADER_BYTES + 3));
    const old =
      first[HEADER_BYTES] === 13 ? pages.add(rows) : pages.add(schemaInterior(first, pages));
    const top = pages.above(again);
    const interior = pages.interior([old, top], undefined);
    // Its cell would be in the header's place if it were not at the end of the page.
    pages.page(1).fill(0, HEADER_BYTES);
    pages.page(1).set(interior.subarray(0, 14), HEADER_BYTES);
    pages.page(1).set(interior.subarray(pages.size - 16), pages.size - 16);
  },
  'texts whose pages lead back to themselves': (path) => {
    {
      using database = new Database(path);
      database.run(
        "UPDATE text SET value = json_array(replace(hex(zeroblob(60000)), '0', 'a')) WHERE id % 3 = 0",
      );
    }
    using pages = new Pages(path);
    // Of a database that can be made smaller, a page of each 1 + size / 5 says what the others are: 3 begins a long text.
    const each = Math.floor(pages.size / 5);
    for (let map = 2; map <= pages.count; map += each + 1)
      for (let index = 0; index < each && map + 1 + index <= pages.count; index++)
        if (pages.page(map)[5 * index] === 3)
          pages.page(map + 1 + index).writeUInt32BE(map + 1 + index);
  },
  'free pages that lead back to themselves': (path) => {
    {
      using database = new Database(path);
      database.run('DELETE FROM process WHERE id % 2 = 0');
      database.run('DELETE FROM text');
    }
    using pages = new Pages(path);
    const trunk = pages.page(1).readUInt32BE(32);
    if (trunk > 0) pages.page(trunk).writeUInt32BE(trunk);
  },
};

/** An interior first page, as another page. */
function schemaInterior(first: Buffer, pages: Pages): Buffer {
  const page = Buffer.alloc(pages.size);
  first.copy(page);
  page.copyWithin(0, HEADER_BYTES, HEADER_BYTES + 12 + 2 * first.readUInt16BE(HEADER_BYTES + 3));
  return page;
}
