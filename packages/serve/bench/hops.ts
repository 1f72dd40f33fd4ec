/**
 * The way of a marked execution to a page, hop by hop: when it was called, when the kernel saw it, when it was on a
 * stream of events, on a page's connection, and in a row on the screen. All by this host's clock, in ms since 1970.
 */

import type { Page } from 'playwright-core';

/** Before the moment at which the execution was called, in its argument. */
export const MARK = '--mark=';

export interface Hops {
  /** Of each mark: its moments, ascending; what has not come is not there. */
  readonly kernel: ReadonlyMap<string, number>;
  readonly stream: ReadonlyMap<string, number>;
  readonly connection: ReadonlyMap<string, number>;
}

/** A stream and a connection that want nothing but marks, from now on. */
export function watchHops(url: string): Hops & Disposable {
  const { origin, host, hash } = new URL(url);
  const authorization = `Bearer ${hash.slice('#token='.length)}`;
  const [kernel, stream, connection] = [0, 0, 0].map(() => new Map<string, number>()) as [
    Map<string, number>,
    Map<string, number>,
    Map<string, number>,
  ];
  const hear = (line: string, into: Map<string, number>): void => {
    const at = Date.now();
    for (const [, time = '', mark = ''] of line.matchAll(
      /"event":"exec","time":"([^"]+)"[^\n]*?--mark=(\d+)/g,
    )) {
      kernel.set(mark, Date.parse(time));
      if (!into.has(mark)) into.set(mark, at);
    }
  };
  const ending = new AbortController();
  const read = async (): Promise<void> => {
    const answer = await fetch(`${origin}/api/events?format=jsonl&kind=exec&text=${MARK}`, {
      headers: { authorization },
      signal: ending.signal,
    });
    const decoder = new TextDecoder();
    for await (const piece of answer.body as ReadableStream<Uint8Array>)
      hear(decoder.decode(piece, { stream: true }), stream);
  };
  read().catch(() => {});
  const socket = new WebSocket(`ws://${host}/api/live`, { headers: { authorization } } as never);
  socket.addEventListener('open', () =>
    socket.send(JSON.stringify({ type: 'want', kind: 'exec', text: MARK })),
  );
  socket.addEventListener('message', ({ data }) => hear(String(data), connection));
  return {
    kernel,
    stream,
    connection,
    [Symbol.dispose]() {
      ending.abort();
      socket.close();
    },
  };
}

/** Has the page keep when the frame was there that had the row of each mark. */
export async function watchRows(page: Page): Promise<void> {
  await page.locator('#event-filter').fill(MARK);
  await page.evaluate(`(() => {
    window.rows = {};
    new MutationObserver(() => {
      for (const cell of document.querySelectorAll('#event-rows td.what')) {
        const [, mark] = /${MARK}(\\d+)/.exec(cell.textContent) ?? [];
        if (mark === undefined || mark in window.rows) continue;
        window.rows[mark] = 0;
        requestAnimationFrame(() => { window.rows[mark] = Date.now(); });
      }
    }).observe(document.querySelector('#event-rows'), { childList: true });
  })()`);
}

export async function rowsSeen(page: Page): Promise<ReadonlyMap<string, number>> {
  const seen = (await page.evaluate('window.rows')) as Readonly<Record<string, number>>;
  return new Map(Object.entries(seen).filter(([, at]) => at > 0));
}

/** Milliseconds from one hop to another, ascending. */
export function between(
  from: ReadonlyMap<string, number>,
  to: ReadonlyMap<string, number>,
): number[] {
  const found = [...to].flatMap(([mark, at]) => {
    const began = from.get(mark);
    return began === undefined ? [] : [at - began];
  });
  return found.sort((a, b) => a - b);
}
