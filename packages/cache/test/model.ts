/**
 * The rules of the cache as checks around one call each: what may be answered, what must be, and
 * what always holds. A property test makes arbitrary sequences of these calls.
 */
import assert from 'node:assert/strict';
import type { IdentityQuery, ProcessEntry } from '../src/index.ts';
import { type CapacityPolicy, ProcessMetadataCache } from '../src/index.ts';
import { RecordingLogger, TestClock } from '../src/testing.ts';
import { type Image, imagesIn, World } from './world.ts';

export class Model {
  readonly world: World;
  readonly clock = new TestClock();
  readonly logger = new RecordingLogger();
  readonly cache: ProcessMetadataCache;
  readonly policy: CapacityPolicy;
  /** Every entry ever handed out with the image it was handed out for. */
  readonly held: { readonly entry: ProcessEntry; readonly image: Image }[] = [];
  /** Processes whose exit was marked since the last end of a cycle. */
  readonly grace = new Map<string, IdentityQuery>();
  /** Exits marked, whose grace is over. */
  readonly over = new Set<string>();
  #lookups = 0;

  constructor(capacity: number, policy: CapacityPolicy, hidden: boolean) {
    this.world = new World(hidden);
    this.policy = policy;
    this.cache = new ProcessMetadataCache({
      capacity,
      policy,
      procfs: this.world.procfs,
      clock: this.clock,
      logger: this.logger,
    });
  }

  /** `quiet`: nothing happens during the lookup and no read of it fails. */
  lookup(how: 'get' | 'getOrLoad' | 'peek', pid: number, quiet: boolean): void {
    const before = this.world.alive(pid);
    const possible = new Set([before?.process]);
    const entry = this.#count(() => this.cache[how](pid));
    const after = this.world.alive(pid);
    possible.add(after?.process);

    if (how === 'getOrLoad' && quiet && before !== undefined) {
      assert.ok(entry !== undefined, 'a living process that is looked up is found');
    }
    if (entry === undefined || how === 'peek') return;
    const image = this.#hold(entry);
    if (possible.has(image.process)) {
      if (quiet) assert.equal(image.generation, after?.generation, 'the image that runs now');
      return;
    }
    assert.ok(this.grace.has(this.#key(entry.identity)), 'a dead process only in its grace');
    assert.equal(after, undefined, 'and only while nobody else has its pid');
  }

  /** Three callers at once, and `meanwhile` while their reads wait. */
  async lookupAsync(pid: number, meanwhile: () => void): Promise<void> {
    const reads = (): number =>
      this.world.procfs.reads.filter((read) => read.pid === pid && read.file === 'environ').length;
    const readsBefore = reads();
    const open = this.world.procfs.pauseAsync();
    const calls = [1, 2, 3].map(() =>
      this.#count(() => this.cache.getOrLoadAsync(pid, ['environ', 'cmdline'])),
    );
    meanwhile();
    open();
    const entries = await Promise.all(calls);
    assert.equal(new Set(entries).size, 1, 'concurrent calls get one entry');
    assert.ok(reads() - readsBefore <= 1, 'and share one read');
    if (entries[0] !== undefined) this.#hold(entries[0]);
  }

  byIdentity(identity: IdentityQuery, execId: number | undefined): void {
    const entry = this.#count(() => this.cache.getByIdentity({ ...identity, execId }));
    if (entry === undefined) return;
    assert.equal(entry.pid, identity.pid);
    assert.equal(entry.startTime, identity.startTime);
    const image = this.#hold(entry);
    if (execId !== undefined) {
      assert.equal(entry.execId, execId, 'known to be the generation that was asked for');
      assert.equal(image.generation, execId, 'the image that was asked for');
    }
  }

  /** An exec; where images cannot be told apart by their marks, its record arrives at once. */
  exec(pid: number): void {
    const { events } = this.world;
    const before = events.length;
    this.world.exec(pid);
    if (this.world.hidden && events.length > before) this.deliver(events.length - 1);
  }

  /** Delivers the kernel event at this place of the queue. */
  deliver(index: number): void {
    const [event] = this.world.events.splice(index, 1);
    if (event === undefined) return;
    if (event.type === 'exec') {
      const entry = this.cache.seed(event.record);
      if (entry !== undefined) {
        assert.equal(entry.comm, event.record.comm);
        assert.deepEqual(entry.cmdline, event.record.argv);
        this.held.push({ entry, image: event.image });
      }
      return;
    }
    const key = this.#key(event.identity);
    this.grace.set(key, event.identity);
    this.cache.markExited(event.identity);
  }

  endCycle(): void {
    for (const key of this.grace.keys()) this.over.add(key);
    this.grace.clear();
    this.cache.evictPendingExits();
    for (const entry of this.cache)
      assert.equal(entry.exitedAt, undefined, 'marked ones have left');
  }

  /** Reads all of an entry that was handed out some time ago. */
  readHeld(index: number): void {
    const held = this.held[index % Math.max(1, this.held.length)];
    if (held !== undefined) this.#assertOf(held.entry, held.image);
  }

  /** What must be true after every step. */
  invariants(): void {
    const { cache } = this;
    const stats = cache.stats();
    const left = Object.values(stats.evictions).reduce((sum, n) => sum + n, 0);
    assert.ok(cache.size <= cache.capacity, 'never above capacity');
    assert.equal(cache.size, [...cache].length);
    assert.equal(cache.isEmpty, cache.size === 0);
    assert.equal(stats.size, cache.size);
    assert.equal(stats.hits + stats.misses, stats.lookups);
    assert.equal(stats.lookups, this.#lookups, 'every lookup is counted once');
    assert.equal(stats.insertions - left, stats.size, 'what came in and did not leave is there');
    assert.equal(stats.rejected > 0 && this.policy === 'lru', false);
  }

  /** All processes end and every exit is told: nothing may stay. */
  end(): void {
    for (const pid of this.world.procfs.pids()) this.world.reap(pid);
    while (this.world.events.length > 0) this.deliver(0);
    this.cache.prune();
    this.endCycle();
    this.invariants();
    assert.equal(this.cache.size, 0, 'empty when all have exited');
    for (const { entry, image } of this.held) this.#assertOf(entry, image);
  }

  #count<T>(lookup: () => T): T {
    this.#lookups++;
    return lookup();
  }

  /** Entries name their image by `comm`, which is known from the start. */
  #hold(entry: ProcessEntry): Image {
    const [, process, generation] = /^c(\d+)\.(\d+)$/.exec(entry.comm ?? '') ?? [];
    assert.ok(process !== undefined, 'an entry is never half filled');
    const image = { process: Number(process), generation: Number(generation) };
    this.held.push({ entry, image });
    return image;
  }

  #assertOf(entry: ProcessEntry, expected: Image): void {
    for (const { field, image } of imagesIn(entry)) {
      assert.equal(image.process, expected.process, `${field} of another process`);
      // With hidden marks nobody tells an entry of an exec once it has left the cache.
      if (image.generation !== undefined && !this.world.hidden) {
        assert.equal(image.generation, expected.generation, `${field} of another image`);
      }
    }
  }

  #key(identity: IdentityQuery): string {
    return `${identity.pid}:${identity.startTime}`;
  }
}
