/** Rows of a Parquet file, by another implementation than the one that writes it. */

import { readFileSync } from 'node:fs';
import { parquetReadObjects } from 'hyparquet';

export function rowsOfParquet(path: string): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: new Uint8Array(readFileSync(path)).buffer });
}
