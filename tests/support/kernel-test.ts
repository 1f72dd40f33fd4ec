// Tests that need the real kernel: they load BPF programs, so they need root. Without it each is
// skipped by name with the reason; where CI=true it fails instead, because CI has every privilege
// and a skip there is a hole.

import { test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { Turns } from './deadline.ts';

const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/** Why no BPF program can be loaded here; undefined where it can. */
export function whyNotRoot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: run the tests as root (sudo npm test)';
  const status = readFileSync('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  for (const [name, bit] of [
    ['CAP_BPF', CAP_BPF],
    ['CAP_PERFMON', CAP_PERFMON],
  ] as const)
    if (((effective >> bit) & 1n) === 0n) return `needs ${name}, which this root does not have`;
  return undefined;
}

/** Bun would run twenty at once. */
const turns = new Turns(2);

/** What only a test that hangs takes: on a host with thirty busy programs everything takes that much longer. */
const TIMEOUT_MS = 180_000;

/**
 * A test on the real kernel that waits more than it works: the next one of its kind runs beside it, two at a time. Not for
 * what measures time, or sees what else runs on the host.
 */
export function waitingKernelTest(
  promise: string,
  body: () => Promise<void>,
  timeoutMs = TIMEOUT_MS,
): void {
  const inTurn = () => turns.take(body);
  testUnless(whyNotRoot(), promise, inTurn, timeoutMs, test.concurrent);
}

/** A test on the real kernel. */
export function kernelTest(
  promise: string,
  body: () => Promise<void> | void,
  timeoutMs = TIMEOUT_MS,
): void {
  testUnless(whyNotRoot(), promise, body, timeoutMs);
}

/**
 * A test that only some machines can run: `missing` says what this one lacks. It is skipped with
 * that reason, in CI too.
 */
export function optionalKernelTest(
  promise: string,
  missing: string | undefined,
  body: () => Promise<void> | void,
  timeoutMs = TIMEOUT_MS,
): void {
  const whyNot = whyNotRoot();
  if (whyNot !== undefined || missing === undefined) testUnless(whyNot, promise, body, timeoutMs);
  else test.skip(`${promise} [optional] [skipped: ${missing}]`, body);
}

function testUnless(
  whyNot: string | undefined,
  promise: string,
  body: () => Promise<void> | void,
  timeoutMs: number,
  run: (name: string, body: () => Promise<void> | void, timeoutMs: number) => void = test,
): void {
  if (whyNot === undefined) run(promise, body, timeoutMs);
  else if (process.env.CI === 'true')
    test(promise, () => {
      throw new Error(`${whyNot}; CI=true allows no skip`);
    });
  else test.skip(`${promise} [skipped: ${whyNot}]`, body);
}
