// When a ring is read: by timer, by wake-up, and never after close.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { DrainLoop, EpollWakeup, RingBuffer, type Wakeup } from '../../src/index.ts';
import { type Case, loadObject, openObject, sleep, u32, until } from '../support/case.ts';
import { testRun } from '../support/test-run.ts';

/** A wake-up that the test sounds. */
class Bell implements Wakeup {
  onReady: (() => void) | undefined;
  closed = 0;

  readonly #works: boolean;

  constructor(works = true) {
    this.#works = works;
  }

  arm(onReady: () => void): boolean {
    this.onReady = onReady;
    return this.#works;
  }

  close(): void {
    this.closed++;
  }
}

const unexpected = (error: unknown) => assert.fail(String(error));

export const drainLoopCases: readonly Case[] = [
  {
    name: 'drain loop: looks often while records come, rarely in silence',
    async run() {
      let looks = 0;
      let records = 1;
      const drain = () => {
        looks++;
        return records;
      };
      using loop = new DrainLoop({ drain, onError: unexpected, busyDelayMs: 2, idleDelayMs: 400 });
      await sleep(150);
      const busy = looks;
      records = 0;
      await sleep(150);
      const idle = looks - busy;
      loop.close();
      assert.ok(busy >= 15, `${busy} looks while busy`);
      assert.ok(idle <= 8, `${idle} looks in silence`);
      const ended = looks;
      await sleep(20);
      assert.equal(looks, ended);
    },
  },
  {
    name: 'drain loop: sleeps by its wake-up, and looks twice before it sleeps again',
    async run() {
      const bell = new Bell();
      let looks = 0;
      const drain = () => {
        looks++;
        return 0;
      };
      using loop = new DrainLoop({ drain, onError: unexpected, wakeup: bell, busyDelayMs: 2 });
      await until('the loop sleeps', () => bell.onReady !== undefined);
      const { onReady } = bell;
      bell.onReady = undefined;
      await sleep(100);
      assert.equal(looks, 1);
      onReady?.();
      assert.equal(looks, 2, 'a wake-up is answered at once');
      assert.equal(bell.onReady, undefined, 'and not followed by sleep at once');
      await until('the loop sleeps again', () => bell.onReady !== undefined);
      assert.equal(looks, 3);
      loop.close();
      loop.close();
      assert.equal(bell.closed, 1);
      onReady?.();
      assert.equal(looks, 3, 'a late wake-up is ignored');
    },
  },
  {
    name: 'drain loop: a wake-up that cannot come leaves it to the timer',
    async run() {
      let looks = 0;
      const drain = () => {
        looks++;
        return 0;
      };
      const wakeup = new Bell(false);
      using _loop = new DrainLoop({ drain, onError: unexpected, wakeup, busyDelayMs: 2 });
      await sleep(400);
      assert.ok(looks >= 6, `${looks} looks`);
    },
  },
  {
    name: 'drain loop: an error ends it and is told once',
    async run() {
      const errors: unknown[] = [];
      const bell = new Bell();
      const failure = new Error('ring on fire');
      const loop = new DrainLoop({
        drain: () => {
          throw failure;
        },
        onError: (error) => errors.push(error),
        wakeup: bell,
        busyDelayMs: 1,
      });
      await until('the error is told', () => errors.length > 0);
      await sleep(20);
      assert.deepEqual(errors, [failure]);
      assert.ok(loop.closed);
      assert.equal(bell.closed, 1);
    },
  },
  {
    name: 'drain loop: drain itself may close it',
    async run() {
      let looks = 0;
      const loop: DrainLoop = new DrainLoop({
        drain: () => {
          looks++;
          loop.close();
          return 1;
        },
        onError: unexpected,
        busyDelayMs: 1,
      });
      await sleep(30);
      assert.equal(looks, 1);
    },
  },
  {
    name: 'epoll wakeup: the first record after silence is read at once, round after round',
    needs: 'root',
    async run(native) {
      using file = openObject(native, 'waiting');
      file.setConstant('.rodata', 0, u32(0));
      using object = file.load();
      const map = object.map('records');
      using ring = new RingBuffer(native, map);
      const program = object.program('emit');
      let records = 0;
      using _loop = new DrainLoop({
        drain: () => {
          const read = ring.drain(() => {});
          records += read;
          return read;
        },
        onError: unexpected,
        wakeup: new EpollWakeup(native, map.fd),
        // Only the wake-up can be quicker than this.
        idleDelayMs: 60_000,
      });
      for (let round = 1; round <= 5; round++) {
        await sleep(60);
        testRun(native, program, 3);
        await until(`round ${round} is read`, () => records === 3 * round);
      }
    },
  },
  {
    name: 'epoll wakeup: does not come without a record, and not after close',
    needs: 'root',
    async run(native) {
      using object = loadObject(native, 'waiting');
      const wakeup = new EpollWakeup(native, object.map('records').fd);
      let wakes = 0;
      assert.ok(wakeup.arm(() => wakes++));
      await sleep(100);
      assert.equal(wakes, 0);
      wakeup.close();
      wakeup.close();
      testRun(native, object.program('emit'));
      await sleep(50);
      assert.equal(wakes, 0);
      assert.throws(() => wakeup.arm(() => {}), { code: 'CLOSED' });
    },
  },
  {
    name: 'epoll wakeup: its thread closes its descriptors when it ends',
    needs: 'root',
    async run(native) {
      using object = loadObject(native, 'waiting');
      const descriptors = () => readdirSync('/proc/self/fd').length;
      // The first one may open files that stay, such as the worker's source.
      for (const _ of [1, 2]) {
        const wakeup = new EpollWakeup(native, object.map('records').fd);
        wakeup.arm(() => {});
        await sleep(100);
        wakeup.close();
        await sleep(100);
      }
      const before = descriptors();
      const wakeups = [1, 2, 3].map(() => new EpollWakeup(native, object.map('records').fd));
      for (const wakeup of wakeups) wakeup.close();
      await until('they are closed', () => descriptors() <= before);
    },
  },
  {
    name: 'epoll wakeup: a descriptor that cannot be polled is refused',
    run(native) {
      assert.throws(() => new EpollWakeup(native, 1 << 20), { code: 'EBADF' });
    },
  },
];
