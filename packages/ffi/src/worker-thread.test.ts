import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WorkerThread } from './worker-thread.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-worker-thread-'));
afterAll(() => rmSync(folder, { recursive: true }));
const beside = pathToFileURL(join(folder, 'starter.ts')).href;
const embedded = () => Promise.reject(new Error('there is none'));

/** What a worker of that source tells of itself until it has ended. */
async function lifeOf(source: string, order?: string): Promise<string[]> {
  writeFileSync(join(folder, 'test-worker.ts'), source);
  const told: string[] = [];
  await new Promise<void>((resolve) => {
    const place = { beside, name: 'test-worker', embedded };
    const worker: WorkerThread = new WorkerThread(place, {
      message: (data) => {
        told.push(String(data));
        if (order === 'terminate') worker.terminate();
      },
      error: () => told.push('error'),
      closed: () => {
        told.push('closed');
        // An error that comes as well comes before.
        setTimeout(resolve, 50);
      },
    });
    worker.postMessage('hello');
  });
  return told;
}

test('one that ends before it is told to is an error, however it ends', async () => {
  const ways = ['process.exit(3)', 'process.exit(0)', 'self.close()', 'throw new Error("")'];
  for (const way of ways)
    expect({ way, told: await lifeOf(`onmessage = () => { ${way} };`) }).toEqual({
      way,
      told: ['error', 'closed'],
    });
});

test('one that is ended is none', async () => {
  const busy = 'onmessage = () => { postMessage("busy"); for (;;); };';
  expect(await lifeOf(busy, 'terminate')).toEqual(['busy', 'closed']);
});

test('one that waits for the system for ever does not keep the process', async () => {
  const fifo = join(folder, 'fifo');
  Bun.spawnSync(['mkfifo', fifo]);
  const source = `import { openSync } from 'node:fs'; postMessage('now'); openSync('${fifo}', 'r');`;
  writeFileSync(join(folder, 'stuck-worker.ts'), source);
  const program = `
    import { WorkerThread } from '${join(import.meta.dir, 'worker-thread.ts')}';
    const worker = new WorkerThread(
      { beside: '${beside}', name: 'stuck-worker', embedded: () => Promise.reject() },
      { error() {}, message: () => setTimeout(() => worker.terminate(), 100) },
    );
    worker.ref();
  `;
  writeFileSync(join(folder, 'program.ts'), program);
  const child = Bun.spawn([process.execPath, join(folder, 'program.ts')]);
  expect(await child.exited).toBe(0);
});

test('one that computes for ever is ended, one that waits for the system once it computes again', async () => {
  const fifo = join(folder, 'answers');
  Bun.spawnSync(['mkfifo', fifo]);
  const threads = join(import.meta.dir, 'thread-state.ts');
  const lifeOfBusy = async (body: string, meanwhile: () => Promise<void>) => {
    writeFileSync(
      join(folder, 'busy-worker.ts'),
      `import { openSync } from 'node:fs';
      import { threadId } from '${threads}';
      postMessage(threadId());
      ${body}`,
    );
    let thread: number | undefined;
    let isClosed = false;
    const place = { beside, name: 'busy-worker', embedded };
    const worker: WorkerThread = new WorkerThread(place, {
      error() {},
      message: (data) => {
        thread = Number(data);
      },
      closed: () => {
        isClosed = true;
      },
    });
    while (thread === undefined) await Bun.sleep(10);
    worker.terminateWhenComputing(() => thread);
    await meanwhile();
    while (!isClosed) await Bun.sleep(10);
  };
  await lifeOfBusy('for (;;);', async () => {});
  let opened = false;
  await lifeOfBusy(`openSync('${fifo}', 'r'); for (;;);`, async () => {
    await Bun.sleep(500);
    await Bun.write(fifo, 'answer');
    opened = true;
  });
  expect(opened).toBe(true);
});

test('one that cannot start says so after it was made', async () => {
  const told: string[] = [];
  const worker = await new Promise<WorkerThread>((resolve) => {
    const place = { beside, name: 'no-worker', embedded };
    const made: WorkerThread = new WorkerThread(place, {
      error: () => {
        told.push('error');
        resolve(made);
      },
    });
  });
  worker.postMessage('nobody hears it');
  expect(told).toEqual(['error']);
});

test('so does one that the system has no thread for', async () => {
  writeFileSync(join(folder, 'test-worker.ts'), '');
  const { Worker } = globalThis;
  globalThis.Worker = class {
    constructor() {
      throw new Error('no thread');
    }
  } as unknown as typeof Worker;
  try {
    const made = await new Promise<unknown>((resolve) => {
      const place = { beside, name: 'test-worker', embedded };
      const worker: WorkerThread = new WorkerThread(place, { error: () => resolve(worker) });
    });
    expect(made).toBeInstanceOf(WorkerThread);
  } finally {
    globalThis.Worker = Worker;
  }
});
