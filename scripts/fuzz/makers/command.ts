// What stands on the command line, and agents.

import { put } from './corpus.ts';

export function command(): void {
  for (const [index, text] of [
    '1234,5',
    '0.5',
    '99',
    '10/s',
    '^node$',
    '64M',
    '(a+)+$',
    '[',
    '1h30m',
    '200us',
    '100M,1h',
    'arg1:u32',
    '0,2-3',
    '/usr/bin/*',
  ].entries())
    put('options', String(index), text);
  put(
    'agent',
    'plain',
    JSON.stringify({
      plugins: [
        { name: 'a', needs: ['kernel', 'b'], provides: 'a', spec: { setup: 'FUNCTION' } },
        { name: 'b', needs: [], provides: 'b', spec: { setup: 'FUNCTION' } },
      ],
    }),
  );
}
