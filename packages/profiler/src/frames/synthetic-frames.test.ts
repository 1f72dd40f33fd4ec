import { expect, test } from 'bun:test';
import type { ProfileFrame } from '@waggle/formats';
import {
  markedFunctions,
  softirqEntries,
  upToTracepoint,
  withoutTracing,
} from './synthetic-frames.ts';

const kernel = (name: string): ProfileFrame[] => [{ name, kind: 'kernel' }];
const user = (...names: string[]): ProfileFrame[] =>
  names.map((name, depth) => ({ name, kind: 'user', ...(depth > 0 ? { inlined: true } : {}) }));

/** The names of a stack of these, marked. */
function marked(...stack: ProfileFrame[][]): string[] {
  const order = stack.map((_, index) => index);
  return markedFunctions(order, stack, softirqEntries(stack)).map(({ name }) => name);
}

test.each([
  'handle_softirqs',
  'handle_softirqs.isra.0',
  '__do_softirq',
  '__softirqentry_text_start',
])('a softirq that begins with %s is marked', (entry) => {
  expect(
    marked(
      user('main', 'inlined'),
      kernel('__irq_exit_rcu'),
      kernel(entry),
      kernel('net_rx_action'),
    ),
  ).toEqual(['main', 'inlined', '__irq_exit_rcu', '[softirq]', entry, 'net_rx_action']);
});

test('it is marked once where the kernel has both names on the way', () => {
  expect(marked(kernel('do_softirq'), kernel('__do_softirq'), kernel('handle_softirqs'))).toEqual([
    'do_softirq',
    '[softirq]',
    '__do_softirq',
    'handle_softirqs',
  ]);
});

test('nothing else is: system calls, interrupts that led to no softirq, user code of that name', () => {
  for (const stack of [
    [user('main'), kernel('do_syscall_64'), kernel('do_softirq')],
    [user('main'), kernel('asm_sysvec_apic_timer_interrupt'), kernel('irqentry_exit_to_user_mode')],
    [user('handle_softirqs')],
    [kernel('handle_softirqs_off')],
    [],
  ])
    expect(marked(...stack)).toEqual(stack.flat().map(({ name }) => name));
});

const own = (name: string): ProfileFrame[] => [{ name, kind: 'process' }];

/** The names of a stack without what took it. */
function shown(...stack: ProfileFrame[][]): string[] {
  return withoutTracing(stack, (functions) => functions).flatMap((functions) =>
    functions.map(({ name }) => name),
  );
}

const SLEEPER = [user('main'), user('read'), kernel('schedule'), kernel('__schedule')];
const TRACING = [kernel('bpf_trace_run1'), kernel('bpf_prog_enter_cpu')];

test('a wait ends where its thread left the CPU, and the state stands on top', () => {
  expect(shown(...SLEEPER, ...TRACING, own('[interruptible]'))).toEqual([
    ...['main', 'read', 'schedule', '__schedule', '[interruptible]'],
  ]);
  const born = [user('fork'), kernel('ret_from_fork'), kernel('schedule_tail')];
  expect(shown(...born, ...TRACING, own('[runnable]'))).toEqual([
    ...['fork', 'ret_from_fork', 'schedule_tail', '[runnable]'],
  ]);
  // Of a kernel without names nothing is taken away but what is known.
  expect(shown(user('main'), own('[runnable]'))).toEqual(['main', '[runnable]']);
  expect(shown(user('main'), kernel('__schedule'))).toEqual(['main', '__schedule']);
});

test('who woke it stands upside down on top, without what took that stack', () => {
  const waker = [
    ...TRACING.toReversed(),
    ...[kernel('try_to_wake_up'), kernel('pipe_write'), user('write'), user('main'), own('sh')],
  ];
  expect(
    shown(...SLEEPER, ...TRACING, own('[interruptible]'), own('[woken by]'), ...waker),
  ).toEqual([
    ...['main', 'read', 'schedule', '__schedule', '[interruptible]', '[woken by]'],
    ...['try_to_wake_up', 'pipe_write', 'write', 'main', 'sh'],
  ]);
  expect(shown(user('main'), own('[runnable]'), own('[woken by]'), own('[unknown]'))).toEqual([
    ...['main', '[runnable]', '[woken by]', '[unknown]'],
  ]);
});

test.each([
  'asm_sysvec_apic_timer_interrupt',
  'asm_common_interrupt',
  'el1h_64_irq',
  'el0t_64_irq',
])('what %s has interrupted woke nobody', (entry) => {
  const waker = [kernel('try_to_wake_up'), kernel('hrtimer_wakeup'), kernel(entry)];
  expect(
    shown(
      user('main'),
      own('[interruptible]'),
      own('[woken by]'),
      ...waker,
      user('innocent'),
      own('x'),
    ),
  ).toEqual(['main', '[interruptible]', '[woken by]', 'try_to_wake_up', 'hrtimer_wakeup', entry]);
});

test('a stack of a tracepoint ends with what has hit it', () => {
  const names = (...stack: ProfileFrame[][]) =>
    upToTracepoint(stack, (functions) => functions).flatMap((functions) =>
      functions.map(({ name }) => name),
    );
  const program = kernel('bpf_prog_a5864065b657bd0b_tracepoint_by_name');
  const way = [kernel('__traceiter_sched_process_fork'), kernel('bpf_trace_run2'), program];
  expect(names(user('main'), kernel('kernel_clone'), ...way)).toEqual(['main', 'kernel_clone']);
  expect(names(user('main'), kernel('kernel_clone'), program)).toEqual(['main', 'kernel_clone']);
  expect(names(user('bpf_prog'), kernel('bpf_prog_load'))).toEqual(['bpf_prog', 'bpf_prog_load']);
});
