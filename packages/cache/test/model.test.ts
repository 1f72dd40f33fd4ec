/**
 * The cache against the model: any interleaving of fork, exec, exit, pid reuse, lookups of every
 * kind, events late, lost and out of order, evictions, capacity changes, failing reads, and
 * things that happen in the middle of a read. WAGGLE_RUNS sets how many sequences are tried.
 */
import { test } from 'node:test';
import fc from 'fast-check';
import { Model } from './model.ts';

interface Setting {
  readonly capacity: number;
  readonly policy: 'lru' | 'reject';
}

/** Few pids, so that they are reused all the time. */
const pid = fc.integer({ min: 1, max: 6 });
const index = fc.nat({ max: 30 });
const files = ['stat', 'status', 'cmdline', 'environ', 'exe', 'cwd', 'cgroup', 'ns'] as const;

type Step = (model: Model) => void | Promise<void>;

/** A step that prints itself in a counterexample. */
class Command implements fc.AsyncCommand<Setting, Model> {
  readonly #name: string;
  readonly #step: Step;

  constructor(name: string, step: Step) {
    this.#name = name;
    this.#step = step;
  }

  check(): boolean {
    return true;
  }

  async run(_: Setting, model: Model): Promise<void> {
    await this.#step(model);
    model.world.procfs.onRead = undefined;
    model.invariants();
  }

  toString(): string {
    return this.#name;
  }
}

const command = <T extends unknown[]>(
  name: string,
  args: { [K in keyof T]: fc.Arbitrary<T[K]> },
  step: (model: Model, ...values: T) => void | Promise<void>,
): fc.Arbitrary<Command> =>
  fc
    .tuple(...(args as fc.Arbitrary<unknown>[]))
    .map((values) => new Command(`${name}(${values})`, (model) => step(model, ...(values as T))));

/** What the rest of the host may do while a read of ours is under way. */
const happening = fc.constantFrom('exit', 'reap', 'exec', 'reuse');
/** What may be done besides while a read waits off-thread. */
const asyncHappening = fc.constantFrom('deliver', 'endCycle', 'clear', 'exit', 'exec', 'reuse');

function happen(model: Model, what: string, pid: number): void {
  const { world } = model;
  if (what === 'exit') world.exit(pid);
  if (what === 'reap') world.reap(pid);
  if (what === 'exec' && !world.hidden) world.exec(pid);
  if (what === 'deliver') model.deliver(0);
  if (what === 'endCycle') model.endCycle();
  if (what === 'clear') model.cache.clear();
  if (what === 'reuse') {
    world.reap(pid);
    world.fork(pid, false);
  }
}

function commands(sameTick: boolean): fc.Arbitrary<Command>[] {
  const how = fc.constantFrom('get', 'getOrLoad', 'getOrLoad', 'peek');
  return [
    command('fork', [pid], (m, p) => m.world.fork(p, false)),
    command('exec', [pid], (m, p) => m.exec(p)),
    command('exit', [pid], (m, p) => m.world.exit(p)),
    command('reap', [pid], (m, p) => m.world.reap(p)),
    command('reuse', [pid], (m, p) => {
      m.world.reap(p);
      m.world.fork(p, sameTick);
    }),
    command('lookup', [how, pid], (m, h, p) => m.lookup(h as 'get', p, true)),
    command('lookup', [how, pid], (m, h, p) => m.lookup(h as 'get', p, true)),
    command('lookupDuring', [how, pid, happening, fc.nat({ max: 3 })], (m, h, p, what, nth) => {
      atRead(m, nth, () => happen(m, what, p));
      m.lookup(h as 'get', p, false);
    }),
    command('readHeld', [index], (m, i) => m.readHeld(i)),
    command(
      'readHeldDuring',
      [index, pid, happening, fc.nat({ max: 12 })],
      (m, i, p, what, nth) => {
        atRead(m, nth, () => happen(m, what, p));
        m.readHeld(i);
      },
    ),
    command(
      'failingRead',
      [pid, fc.constantFrom(...files), fc.constantFrom('denied', 'io', 'malformed'), index],
      (m, p, file, code, i) => {
        m.world.procfs.fail(p, file, code, 1);
        if (file === 'stat') m.lookup('getOrLoad', p, false);
        else m.readHeld(i);
        m.world.procfs.fail(p, file, code, 0);
      },
    ),
    command('lookupAsync', [pid], (m, p) => m.lookupAsync(p, () => {})),
    command('lookupAsyncDuring', [pid, asyncHappening], (m, p, what) =>
      m.lookupAsync(p, () => {
        if (!sameTick || what !== 'deliver') happen(m, what, p);
      }),
    ),
    command('resize', [fc.integer({ min: 1, max: 8 })], (m, n) => m.cache.resize(n)),
    command('prune', [], (m) => void m.cache.prune()),
    command('resync', [], (m) => void m.cache.resync()),
    command('wait', [], (m) => m.clock.advance(1000)),
    command('clear', [], (m) => m.cache.clear()),
    command('remove', [index], (m, i) => {
      const held = m.held[i % Math.max(1, m.held.length)];
      if (held !== undefined) m.cache.remove(held.entry.identity);
    }),
  ];
}

/** With the kernel's events: only where start times are unique, as they are but for one tick. */
const withEvents = [
  ...commands(false),
  command('deliver', [], (m) => m.deliver(0)),
  command('deliver', [], (m) => m.deliver(0)),
  command('deliverLate', [index], (m, i) => m.deliver(i % Math.max(1, m.world.events.length))),
  command('lose', [], (m) => void m.world.events.shift()),
  command('endCycle', [], (m) => m.endCycle()),
  command(
    'byIdentity',
    [pid, fc.option(fc.nat({ max: 4 }), { nil: undefined })],
    (m, p, execId) => {
      const life = m.world.owner(p);
      if (life !== undefined) m.byIdentity(life.identity, execId);
    },
  ),
];

/** Without events a pid may even be reused within one clock tick. */
const withoutEvents = commands(true);

function atRead(model: Model, nth: number, event: () => void): void {
  let left = nth;
  model.world.procfs.onRead = () => {
    if (left-- > 0) return;
    model.world.procfs.onRead = undefined;
    event();
  };
}

const numRuns = Number(process.env.WAGGLE_RUNS ?? 3000);

/** What protects where image marks are hidden is the start time alone. */
const settings = [
  { name: 'with kernel events', list: withEvents, hidden: false },
  { name: 'without kernel events', list: withoutEvents, hidden: false },
  { name: 'with hidden image marks', list: withEvents, hidden: true },
];

for (const { name, list, hidden } of settings) {
  test(`any interleaving keeps the promises: ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom('lru', 'reject'),
        fc.commands(list, { maxCommands: 80, size: 'max' }),
        async (capacity, policy, sequence) => {
          const model = new Model(capacity, policy, hidden);
          await fc.asyncModelRun(() => ({ model: { capacity, policy }, real: model }), sequence);
          if (list === withoutEvents) model.world.events.length = 0;
          model.end();
        },
      ),
      { numRuns, endOnFailure: false },
    );
  });
}
