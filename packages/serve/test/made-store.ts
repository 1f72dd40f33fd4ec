/** A store as an agent writes it, of a host that is made up: an hour, at whose beginning and end something ran. */

import { Database } from 'bun:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessEvent } from '@waggle/core';
import { StoreReader, StoreWriter } from '@waggle/store';
import { RecordedServer } from '../src/recorded-server.ts';
import {
  BOOT_MS,
  failure,
  life,
  madeProfile,
  NOW,
  nanoseconds,
  startAt,
  TOKEN,
} from './made-host.ts';

/** The store ends then. */
export const END = NOW + 3_600_000;
const LATE = END - 30_000;

export interface MadeStore extends AsyncDisposable {
  readonly server: RecordedServer;
  readonly reader: StoreReader;
  readonly failures: unknown[];
  /** With the token. */
  ask(path: string): Promise<Response>;
}

/**
 * 10 with a child 11 that failed at the beginning; 20 at the end, and 10 still.
 *
 * @param spoil does something to the store before it is served
 */
export function madeStore(reveal = false, spoil?: (database: Database) => void): MadeStore {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-serve-'));
  const parent = { pid: 10, startTime: startAt(NOW + 100) };
  {
    using writer = new StoreWriter({
      directory,
      keepMs: 86_400_000,
      maxBytes: 1 << 30,
      bootId: 'a-boot',
      bootNs: () => nanoseconds(BOOT_MS),
      now: () => END,
      onProblem: (message) => {
        throw new Error(message);
      },
    });
    writer.addEvents([
      ...life({ pid: 10, bornAt: NOW + 100, argv: ['/bin/parent', '--password=secret'] }),
      ...life({
        ...{ pid: 11, parent, bornAt: NOW + 200, endAt: NOW + 900, exitCode: 3 },
        argv: ['/bin/child'],
      }),
      { ...failure(10, NOW + 5000, '/nowhere'), ...parent } as ProcessEvent,
      ...life({ pid: 20, bornAt: LATE, endAt: END - 500, argv: ['/bin/other'] }),
    ]);
    writer.addProfile(
      madeProfile([
        [`10:${parent.startTime}`, 'parent;main;busy', 60],
        [`11:${startAt(NOW + 200)}`, 'child;main;work', 30],
      ]),
      { from: NOW, to: NOW + 10_000 },
    );
    writer.addProfile(
      madeProfile([
        [`10:${parent.startTime}`, 'parent;main;busy', 5],
        [`20:${startAt(LATE)}`, 'other;main;rest', 40],
      ]),
      { from: LATE, to: LATE + 10_000 },
    );
    writer.addGap({ from: NOW + 600_000, to: NOW + 1_200_000 }, 'no agent');
  }
  if (spoil !== undefined) {
    using database = new Database(join(directory, 'waggle.db'));
    spoil(database);
  }
  const reader = new StoreReader(directory);
  const failures: unknown[] = [];
  const server = new RecordedServer({
    ...{ reader, hostname: '127.0.0.1', port: 0, token: TOKEN, host: 'hive', version: '0.1.0' },
    cpus: 2,
    reveal,
    failed: (error) => failures.push(error),
  });
  return {
    server,
    reader,
    failures,
    ask: (path) =>
      fetch(`http://127.0.0.1:${server.port}${path}`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      reader[Symbol.dispose]();
      rmSync(directory, { recursive: true });
    },
  };
}
