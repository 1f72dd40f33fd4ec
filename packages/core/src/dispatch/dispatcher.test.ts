import { describe, expect, test } from 'bun:test';
import { EventBatch, type LostEvent, type ProcessEvent } from '@waggle/events';
import * as Effect from 'effect/Effect';
import fc from 'fast-check';
import { definePlugin, type PluginHandlers, type QueueOptions } from '../plugin/plugin.ts';
import { Dispatcher } from './dispatcher.ts';
import { type PluginProblem, RunningPlugin } from './running-plugin.ts';

const event = (count: number): LostEvent => ({
  event: 'lost',
  time: 0n,
  count,
  lost: { fork: 0, exec: count, exit: 0, 'failed-exec': 0 },
});
const batch = (from: number, length: number): ProcessEvent[] =>
  Array.from({ length }, (_, index) => event(from + index));
const numberOf = (one: ProcessEvent) => (one.event === 'lost' ? one.count : -1);

interface Options {
  readonly queue?: QueueOptions;
  readonly failureBudget?: number;
  readonly handlerTimeoutMs?: number;
}

function setUp(plugins: Readonly<Record<string, PluginHandlers & Options>>) {
  const problems: PluginProblem[] = [];
  const attached = Object.entries(plugins).map(
    ([name, { queue, failureBudget, handlerTimeoutMs, ...handlers }]) => {
      const plugin = definePlugin({
        name,
        ...{ queue, failureBudget, handlerTimeoutMs },
        setup: () => ({}),
      });
      const running = new RunningPlugin(plugin, (problem) => problems.push(problem));
      return { running, handlers, queue: plugin.spec.queue };
    },
  );
  return {
    dispatcher: new Dispatcher(attached),
    problems,
    report: (name: string) =>
      attached.find(({ running }) => running.name === name)!.running.report(),
  };
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });

describe('phases', () => {
  test('run in order for every event, and observers come after', async () => {
    const calls: string[] = [];
    const note = (text: string) => (one: ProcessEvent) => {
      calls.push(`${text}${numberOf(one)}`);
    };
    const { dispatcher } = setUp({
      a: { observe: note('observe a'), load: note('load a'), flush: note('flush a') },
      b: { invalidate: note('invalidate b'), load: note('load b') },
    });
    dispatcher.push(batch(1, 2));
    await dispatcher.drained(1000);
    expect(calls).toEqual([
      ...['flush a1', 'invalidate b1', 'load a1', 'load b1'],
      ...['flush a2', 'invalidate b2', 'load a2', 'load b2'],
      ...['observe a1', 'observe a2'],
    ]);
  });

  test('wait for a handler that takes its time, an Effect or a promise', async () => {
    const calls: string[] = [];
    const { dispatcher } = setUp({
      slow: {
        flush: (one) => pause(5).then(() => void calls.push(`flush${numberOf(one)}`)),
        load: (one) =>
          Effect.andThen(
            Effect.sleep(2),
            Effect.sync(() => void calls.push(`load${numberOf(one)}`)),
          ),
      },
      quick: { observe: (one) => void calls.push(`observe${numberOf(one)}`) },
    });
    dispatcher.push(batch(1, 2));
    dispatcher.push(batch(3, 1));
    expect(dispatcher.backlog).toBe(3);
    await dispatcher.drained(1000);
    expect(dispatcher.backlog).toBe(0);
    expect(calls.filter((call) => call.endsWith('2'))).toEqual(['flush2', 'load2', 'observe2']);
    expect(calls.filter((call) => call.startsWith('observe')).length).toBe(3);
    expect(calls.indexOf('flush3')).toBeGreaterThan(calls.indexOf('observe2'));
  });
});

describe('until when everything was observed', () => {
  const upTo = (time: bigint, from: number, length: number) => {
    const made = EventBatch.of(batch(from, length));
    made.readUntil = time;
    return made;
  };

  test('is said behind the events, whoever is slow, and also when there are none', async () => {
    const calls: string[] = [];
    const note = (one: ProcessEvent) => void calls.push(`event ${numberOf(one)}`);
    const { dispatcher } = setUp({
      quick: {
        observeBatch: (events) => void calls.push(`batch of ${events.length}`),
        readUntil: (time) => void calls.push(`batches until ${time}`),
      },
      slow: {
        observe: (one) => pause(2).then(() => note(one as ProcessEvent)),
        readUntil: (time) => void calls.push(`events until ${time}`),
      },
    });
    dispatcher.push(upTo(10n, 0, 0));
    expect(calls.splice(0)).toEqual(['batches until 10', 'events until 10']);
    dispatcher.push(upTo(20n, 1, 2));
    // Nothing more came, while one of them is still at work.
    dispatcher.push(upTo(30n, 0, 0));
    expect(calls.splice(0)).toEqual(['batch of 2', 'batches until 20', 'batches until 30']);
    await dispatcher.drained(1000);
    expect(calls).toEqual(['event 1', 'event 2', 'events until 30']);
  });

  test('is not said before an early handler has let the events through', async () => {
    const calls: string[] = [];
    const { dispatcher } = setUp({
      early: { load: () => pause(5) },
      late: {
        observeBatch: (events) => void calls.push(`batch of ${events.length}`),
        readUntil: (time) => void calls.push(`until ${time}`),
      },
    });
    dispatcher.push(upTo(20n, 1, 1));
    dispatcher.push(upTo(30n, 0, 0));
    dispatcher.push(EventBatch.of(batch(2, 3)));
    expect(calls).toEqual([]);
    await dispatcher.drained(1000);
    expect(calls).toEqual(['batch of 1', 'until 30', 'batch of 3']);
  });

  test('does not reach a plugin that was stopped, and a failure is counted', async () => {
    let told = 0;
    const { dispatcher, report } = setUp({
      fails: {
        failureBudget: 2,
        observeBatch: () => {},
        readUntil() {
          told++;
          throw new Error('boom');
        },
      },
    });
    for (let at = 1n; at < 5n; at++) dispatcher.push(upTo(at, 0, 0));
    await dispatcher.drained(1000);
    expect(told).toBe(2);
    expect(report('fails')).toMatchObject({ state: 'stopped', failures: 2 });
  });
});

describe('a plugin that fails', () => {
  test('is told, counted and stopped by its budget, and the others go on', async () => {
    let healthy = 0;
    const { dispatcher, problems, report } = setUp({
      throws: {
        failureBudget: 4,
        observe() {
          throw new Error('boom');
        },
      },
      rejects: { failureBudget: 3, observe: () => Promise.reject(new Error('bang')) },
      fails: { failureBudget: 2, observe: () => Effect.fail(new Error('fizz')) },
      early: {
        failureBudget: 2,
        load() {
          throw new Error('load');
        },
      },
      healthy: { observe: () => void healthy++ },
    });
    dispatcher.push(batch(0, 50));
    await dispatcher.drained(1000);
    expect(healthy).toBe(50);
    for (const [name, failures, message] of [
      ['throws', 4, 'boom'],
      ['rejects', 3, 'bang'],
      ['fails', 2, 'fizz'],
      ['early', 2, 'load'],
    ] as const)
      expect(report(name)).toMatchObject({ state: 'stopped', failures, lastFailure: message });
    expect(report('throws')).toMatchObject({ handled: 4, undelivered: 46 });
    // The first three failures one by one, then only the end.
    const told = problems.filter(({ plugin }) => plugin === 'throws').map(({ kind }) => kind);
    expect(told).toEqual(['failed', 'failed', 'failed', 'stopped']);
  });

  test('by never returning is stopped after its time', async () => {
    let healthy = 0;
    let interrupted = false;
    const { dispatcher, report } = setUp({
      promise: { handlerTimeoutMs: 20, observe: () => new Promise(() => {}) },
      effect: {
        handlerTimeoutMs: 20,
        observe: () =>
          Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              interrupted = true;
            }),
          ),
      },
      healthy: { observe: () => void healthy++ },
    });
    dispatcher.push(batch(0, 100));
    await dispatcher.drained(2000);
    expect(healthy).toBe(100);
    expect(report('promise').reason).toContain('did not return');
    expect(report('promise').undelivered).toBe(99);
    expect(report('effect').state).toBe('stopped');
    await pause(10);
    expect(interrupted).toBe(true);
  });
});

describe('queues', () => {
  test('of any size and pace: handled + dropped + undelivered is what was pushed, in order', async () => {
    const handler = fc.constantFrom<'sync' | 'async' | 'batch'>('sync', 'async', 'batch');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        handler,
        fc.boolean(),
        async (lengths, capacity, kind, blocks) => {
          const seen: number[] = [];
          const see = (one: ProcessEvent) => void seen.push(numberOf(one));
          const { dispatcher, report } = setUp({
            one: {
              queue: { capacity, whenFull: blocks ? 'block' : 'drop-oldest' },
              ...(kind === 'sync' ? { observe: see } : {}),
              ...(kind === 'async'
                ? { observe: (one: ProcessEvent) => Promise.resolve().then(() => see(one)) }
                : {}),
              ...(kind === 'batch'
                ? { observeBatch: (all: readonly ProcessEvent[]) => all.forEach(see) }
                : {}),
            },
          });
          let pushed = 0;
          for (const length of lengths) {
            dispatcher.push(batch(pushed, length));
            pushed += length;
          }
          await dispatcher.drained(2000);
          dispatcher.close();
          const { handled, dropped, undelivered } = report('one');
          expect(handled + dropped + undelivered).toBe(pushed);
          expect(seen.length).toBe(handled);
          expect(seen).toEqual([...seen].sort((a, b) => a - b));
          expect(undelivered).toBe(0);
          if (blocks) expect(dropped).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of a blocking plugin hold everybody back, and the backlog says so', async () => {
    const gate = Promise.withResolvers<void>();
    let other = 0;
    const { dispatcher } = setUp({
      blocking: { queue: { capacity: 10, whenFull: 'block' }, observe: () => gate.promise },
      other: { observe: () => void other++ },
    });
    for (let at = 0; at < 50; at += 10) dispatcher.push(batch(at, 10));
    await pause(20);
    expect(other).toBeLessThanOrEqual(20);
    expect(dispatcher.backlog).toBeGreaterThanOrEqual(30);
    gate.resolve();
    await dispatcher.drained(2000);
    expect(other).toBe(50);
    expect(dispatcher.backlog).toBe(0);
  });

  test('of a slow plugin delay no other for long', async () => {
    const order: string[] = [];
    const { dispatcher } = setUp({
      slow: {
        observe() {
          const end = performance.now() + 3;
          while (performance.now() < end);
          order.push('slow');
        },
      },
      quick: { observe: () => void order.push('quick') },
    });
    dispatcher.push(batch(0, 30));
    await dispatcher.drained(5000);
    expect(order.filter((name) => name === 'slow').length).toBe(30);
    expect(order.lastIndexOf('quick')).toBeLessThan(order.lastIndexOf('slow'));
    expect(order.indexOf('quick')).toBeLessThan(10);
  });
});

test('an essential plugin whose start fails ends the start, others are isolated', async () => {
  const attached = (essential: boolean) => {
    const plugin = definePlugin({ name: 'failing', essential, setup: () => ({}) });
    const running = new RunningPlugin(plugin, () => {});
    const start = () => Promise.reject(new Error('no'));
    return { running, handlers: { start }, queue: plugin.spec.queue };
  };
  const isolated = attached(false);
  await new Dispatcher([isolated]).callEach('start');
  expect(isolated.running.report().failures).toBe(1);
  expect(new Dispatcher([attached(true)]).callEach('start')).rejects.toThrow('no');
});
