/** `waggle history sql`: rows of a question, as a table or as JSON. */

import type { SqlValue } from '@waggle/store';
import { printable, stringifyJson } from '@waggle/text';
import { columnsOf } from '@waggle/text/columns';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import type { HistorySqlOptions } from './options.ts';
import { withStore } from './with-store.ts';

const SHOWN = 10_000;
const CHUNK = 64 * 1024;

export async function runHistorySql(question: string, options: HistorySqlOptions): Promise<number> {
  const { json = false } = options;
  const limit = options.limit ?? (json ? Number.POSITIVE_INFINITY : SHOWN);
  const output = new Output();
  return withStore(options.store, async (store) => {
    const rows: Readonly<Record<string, SqlValue>>[] = [];
    let text = '';
    let count = 0;
    let isMore = false;
    for (const row of store.sql(question, { patient: true })) {
      if (count >= limit) {
        isMore = true;
        break;
      }
      count++;
      if (!json) {
        rows.push(row);
        continue;
      }
      text += `${stringifyJson(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, jsonValue(value)])))}\n`;
      if (text.length < CHUNK) continue;
      await output.write(text);
      if (output.closed) return 0;
      text = '';
    }
    await output.write(json ? text : tableOf(rows));
    if (isMore)
      say(`there are more than ${limit} rows: --limit N shows more, LIMIT asks for fewer`);
    return 0;
  });
}

/** Numbers that a reader of JSON would round are strings. */
function jsonValue(value: SqlValue): string | number | null {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

function tableOf(rows: readonly Readonly<Record<string, SqlValue>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) return '';
  const cells = rows.map((row) => names.map((name) => cellOf(row[name] ?? null)));
  const widths = names.map((name, column) =>
    Math.max(columnsOf(name), ...cells.map((row) => columnsOf(row[column] ?? ''))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - columnsOf(cell)))
      .join('  ')
      .trimEnd();
  return `${[names.map(printable), ...cells].map(line).join('\n')}\n`;
}

function cellOf(value: SqlValue): string {
  if (value === null) return '';
  return value instanceof Uint8Array ? `(${value.length} bytes)` : printable(String(value));
}
