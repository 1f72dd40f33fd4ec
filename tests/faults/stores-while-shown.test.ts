// A store that is damaged, cut, deleted or replaced while `waggle top --store` shows it: the replay says so in words and
// goes on with what can be read, and the terminal is given back at its end.

import { afterAll, beforeAll, expect } from 'bun:test';
import {
  closeSync,
  cpSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { StoreWriter } from '../../packages/store/src/index.ts';
import { BOOT_NS, exec, exit } from '../../packages/store/test/events.ts';
import { faultRow } from '../support/fault-row.ts';
import { Terminal } from '../support/terminal.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'stores';
const root = freshFolder();
const whole = join(root, 'whole');
const FILE = 'waggle.db';
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SECOND_NS = 1_000_000_000n;
/** An hour of them: several times what a reader keeps in memory. */
const PROCESSES = 20_000;
const BIRTH_NS = (3600n * SECOND_NS) / BigInt(PROCESSES);
const LIFE_NS = 5n * SECOND_NS;

beforeAll(async () => {
  await Waggle.run(['--version']);
  using writer = new StoreWriter({
    ...{ directory: whole, keepMs: 1e12, maxBytes: 1e12, bootId: 'boot-1', bootNs: () => BOOT_NS },
    now: () => Number(BOOT_NS / 1_000_000n) + 3_600_000,
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  for (let index = 0; index < PROCESSES; index++) {
    const at = BigInt(index) * BIRTH_NS;
    const who = { pid: 100 + index, start: at, at, comm: `p${index}` };
    writer.addEvents([exec(who, [`/bin/p${index}`, `${index}`.repeat(40)])]);
    writer.addEvents([exit({ ...who, at: at + LIFE_NS })]);
  }
}, 120_000);

const EARLIER_MS = Number(BOOT_NS / 1_000_000n) + 100_000;
const PAGE = 4096;

/** From the second page on: its schema stays. */
function overwrite(path: string, byte: number): void {
  const file = openSync(path, 'r+');
  const bytes = Buffer.alloc(statSync(path).size - PAGE, byte);
  writeSync(file, bytes, 0, bytes.length, PAGE);
  closeSync(file);
}

interface Fault {
  readonly inject: (store: string) => void;
  readonly says: string | RegExp;
  /** Another moment is shown as ever. */
  readonly goesOn: boolean;
}

const DAMAGED = { says: 'a part of the store is damaged', goesOn: false };

const FAULTS: Readonly<Record<string, Fault>> = {
  'overwritten with zeros': { ...DAMAGED, inject: (store) => overwrite(join(store, FILE), 0) },
  'overwritten with noise': { ...DAMAGED, inject: (store) => overwrite(join(store, FILE), 0xa5) },
  'cut to a half': {
    ...DAMAGED,
    inject: (store) => truncateSync(join(store, FILE), statSync(join(store, FILE)).size / 2),
  },
  'cut to nothing': { ...DAMAGED, inject: (store) => truncateSync(join(store, FILE), 0) },
  deleted: {
    inject: (store) => rmSync(store, { recursive: true }),
    says: /REPLAY .* stands · the store was deleted/,
    goesOn: true,
  },
  'replaced by another': {
    inject(store) {
      renameSync(store, `${store}-old`);
      cpSync(whole, store, { recursive: true });
    },
    says: /REPLAY .* stands · the store was replaced/,
    goesOn: true,
  },
};

const MOMENT = /REPLAY (\S+ \S+)/;

for (const [what, { inject, says, goesOn }] of Object.entries(FAULTS))
  faultRow(
    {
      area,
      what: `${what}: that becomes of a store while top shows it`,
      holds: 'it says so and goes on with what can be read; the terminal is given back, exit 0',
      times: [1, 10],
      waits: true,
    },
    async (round) => {
      const store = join(root, `${what.replaceAll(' ', '-')}${round}`);
      cpSync(whole, store, { recursive: true });
      using terminal = new Terminal({ columns: 160, rows: 12 });
      terminal.waggle(`top --store ${store}`);
      const [, before] = MOMENT.exec(await terminal.shows(/REPLAY .* stands/)) ?? [];
      inject(store);
      // A minute back, of which nothing is in memory yet.
      terminal.keys('(');
      const screen = await terminal.shows(says);
      expect(screen).not.toMatch(/^ +at /m);
      expect(screen.match(/\/bin\/p\d+/g)?.length).toBeGreaterThan(3);
      const [, after] = MOMENT.exec(screen) ?? [];
      if (goesOn) expect(after).not.toBe(before);
      // And whatever else is asked for.
      terminal.keys('2', '4', '1', ')', '@');
      terminal.bytes(`@${EARLIER_MS / 1000}`);
      terminal.keys('Enter');
      if (goesOn) await terminal.shows(new Date(EARLIER_MS).toTimeString().slice(0, 8));
      terminal.keys('*', 'Space');
      await Bun.sleep(500);
      expect(await terminal.shows('REPLAY')).not.toMatch(/^ +at /m);
      terminal.keys('q');
      expect(await terminal.shows('code=0')).not.toMatch(/REPLAY|internal error/);
    },
  );
