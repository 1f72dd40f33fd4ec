// A page that does not read what it is told costs a bounded piece of memory, and the others nothing; once it reads again
// it is told how much it has not seen.

import { expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { life, type MadeServer, madeServer, TOKEN } from '../../test/made-host.ts';

const STALLED = 6;
/** What one page may have not taken: 128 KiB, and the message that was sent when it had nearly as much. */
const MOST_UNREAD = 128 * 1024 + 300 * 1024;
/** As many arguments as the kernel's side takes, and each byte needs six in JSON. */
const LONGEST = ['/bin/long', '\u0001'.repeat(16_000)];

interface Told {
  readonly type: string;
  readonly last: number;
  readonly skipped: number;
  readonly events: readonly unknown[];
}

/** What a page has been told of events: those that it saw, and those that it was told the number of. */
class Page {
  last = 0;
  seen = 0;
  skipped = 0;
  /** Resolves with the first message: from then on nothing is missed. */
  readonly #open = Promise.withResolvers<void>();
  readonly isOpen = this.#open.promise;

  take(text: string): void {
    this.#open.resolve();
    const { type, last, skipped, events } = JSON.parse(text) as Told;
    if (type !== 'tick') return;
    this.last = last;
    this.seen += events.length;
    this.skipped += skipped;
  }
}

function readingPage(made: MadeServer): Page & Disposable {
  const page = new Page();
  const headers = { authorization: `Bearer ${TOKEN}` };
  const socket = new WebSocket(`ws://127.0.0.1:${made.server.port}/api/live`, { headers });
  socket.addEventListener('message', ({ data }) => page.take(String(data)));
  return Object.assign(page, { [Symbol.dispose]: () => socket.close() });
}

/** Shakes hands, and then lets everything lie until it is told to read. */
class StalledPage extends Page {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  static async open({ server }: MadeServer): Promise<StalledPage> {
    const socket = connect(server.port, '127.0.0.1');
    const page = new StalledPage(socket);
    socket.write(
      [
        'GET /api/live HTTP/1.1',
        `Host: 127.0.0.1:${server.port}`,
        `Authorization: Bearer ${TOKEN}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        '\r\n',
      ].join('\r\n'),
    );
    const first = await new Promise<Buffer>((resolve, reject) => {
      socket.once('data', resolve);
      socket.once('error', reject);
    });
    socket.pause();
    const end = first.indexOf('\r\n\r\n');
    expect(first.toString('latin1')).toStartWith('HTTP/1.1 101');
    page.#bytes = first.subarray(end + 4);
    return page;
  }

  read(): void {
    this.#takeFrames();
    this.#socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.from(chunk)]);
      this.#takeFrames();
    });
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** RFC 6455, 5.2: a server's are not masked. */
  #takeFrames(): void {
    for (;;) {
      const bytes = this.#bytes;
      if (bytes.length < 2) return;
      const [first = 0, second = 0] = bytes;
      const extended = second === 126 ? 2 : second === 127 ? 8 : 0;
      if (bytes.length < 2 + extended) return;
      const length =
        extended === 0
          ? second
          : extended === 2
            ? bytes.readUInt16BE(2)
            : Number(bytes.readBigUInt64BE(2));
      const end = 2 + extended + length;
      if (bytes.length < end) return;
      this.#bytes = bytes.subarray(end);
      if ((first & 15) === 1) this.take(bytes.toString('utf8', 2 + extended, end));
    }
  }
}

async function metric(made: MadeServer, name: string): Promise<number> {
  const text = await (await made.ask('/metrics')).text();
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? [];
  return Number(value);
}

test('pages that do not read cost bounded memory, and others lose nothing', async () => {
  await using made = madeServer({ reveal: true });
  using reading = readingPage(made);
  await reading.isOpen;
  const stalled = await Promise.all(Array.from({ length: STALLED }, () => StalledPage.open(made)));
  let fed = 0;
  const feed = (): void => {
    const born = { bornAt: Date.now(), bootMs: Date.now() - 3_600_000, argv: LONGEST };
    const events = life({ pid: 1000 + fed, ...born });
    made.server.addEvents(events);
    fed += events.length;
  };
  let most = 0;
  let times = 0;
  // The kernel holds some megabytes for each of them first. Then the server has a while to make a queue.
  while (times < 20) {
    for (let n = 0; n < 20; n++) feed();
    await Bun.sleep(50);
    const unread = await metric(made, 'waggle_self_unread_bytes');
    if (unread >= STALLED * 64 * 1024) times++;
    most = Math.max(most, unread);
  }
  expect(most).toBeLessThan(STALLED * MOST_UNREAD);
  while (reading.last < fed) await Bun.sleep(20);
  expect(reading.seen + reading.skipped).toBe(fed);
  expect(reading.seen).toBeGreaterThan(0);
  // None was sent away for it.
  expect(await metric(made, 'waggle_self_pages')).toBe(STALLED + 1);
  for (const page of stalled) page.read();
  while (stalled.some(({ last }) => last < fed)) await Bun.sleep(20);
  for (const { seen, skipped } of stalled) expect(seen + skipped).toBe(fed);
  expect(await metric(made, 'waggle_self_unread_bytes')).toBeLessThan(MOST_UNREAD);
  for (const page of stalled) page.close();
}, 120_000);
