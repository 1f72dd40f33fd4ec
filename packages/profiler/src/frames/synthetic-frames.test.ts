import { expect, test } from 'bun:test';
import type { ProfileFrame } from '@waggle/formats';
import { markedFunctions, softirqEntries } from './synthetic-frames.ts';

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
