import { expect, test } from 'bun:test';
import { javaName } from './names.ts';

test.each([
  ['java/lang/String', 'hashCode', 'java.lang.String.hashCode'],
  ['Main$Inner', '<init>', 'Main$Inner.<init>'],
  // 17, 21, and 11.
  ['Main$$Lambda$14+0x0000000800c03000', 'run', 'Main$$Lambda.run'],
  ['Main$$Lambda+0x00007fb2a8001200', 'run', 'Main$$Lambda.run'],
  ['Main$$Lambda$1/0x000000010006a840', 'run', 'Main$$Lambda.run'],
  ['Main$$Lambda$1/834600351', 'run', 'Main$$Lambda.run'],
  [
    'java/lang/invoke/LambdaForm$DMH+0x0000000800c00400',
    'invoke',
    'java.lang.invoke.LambdaForm$DMH.invoke',
  ],
])('%s and %s are %s', (owner, name, expected) => {
  expect(javaName(owner, name)).toBe(expected);
});
