/**
 * Where a store may be. It has the arguments of everybody's programs, and root writes it for months: a folder that
 * somebody else can change would have root write, rename and read wherever that one likes. SQLite waits for the other
 * end of a FIFO for ever, so that what is opened has to be a file.
 */

import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeOwnFolder } from '@waggle/ffi';
import { StoreError } from '../errors.ts';

/** Of a database in WAL mode, beside itself. */
const SUFFIXES = ['', '-wal', '-shm'];

/**
 * Makes the folder where it is not there, if only we, root and who called us by sudo(8) can put something there.
 *
 * @throws StoreError `unwritable`, the system's error
 */
export function makeStoreFolder(directory: string): void {
  const foreign = makeOwnFolder(resolve(directory));
  if (foreign !== undefined)
    throw new StoreError(
      'unwritable',
      `no store can be kept in ${directory}: ${foreign.at} ${foreign.why}, who could put anything there; give a folder of your own (--store DIR)`,
    );
}

/** @throws StoreError `missing` where one of the database's files is there, and is none */
export function checkIsFile(directory: string, name: string): void {
  for (const suffix of SUFFIXES) {
    const path = join(directory, name + suffix);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && !stat.isFile())
      throw new StoreError('missing', `${path} is no file: this is no store of a waggle agent`);
  }
}
