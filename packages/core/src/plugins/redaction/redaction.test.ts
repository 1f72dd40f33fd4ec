import { expect, test } from 'bun:test';
import type { EventDraft, ExecEvent, ExitEvent, FailedExecEvent } from '@waggle/events';
import {
  execDetail,
  execEvent,
  exitEvent,
  failedExecEvent,
  forkEvent,
} from '@waggle/events/testing';
import { redaction } from './index.ts';
import { REDACTED } from './redact-arguments.ts';

type Handlers = {
  readonly load: Readonly<Record<'fork' | 'exec' | 'exit' | 'failedExec', (event: object) => void>>;
};
const { load } = redaction({ patterns: [/token=(\S+)/, /SECRET\S*/] }).spec.setup({
  services: {},
} as never) as unknown as Handlers;

const hostile = '/opt/token=hunter2 SECRET1';

test('nothing of an exec shows a secret, whichever field it stands in', () => {
  const event = {
    ...execEvent({ filename: hostile, argv: ['x', 'token=a\nhunter2'] }),
    parentComm: 'SECRET-parent',
    environ: ['A=token=hunter2\nhunter2', 'B=1', 'SEC=hunter2-is-cu'],
    environTruncated: true,
    detail: execDetail({
      exe: hostile,
      cwd: hostile,
      interpreter: hostile,
      stdio: [`<${hostile}`, `>${hostile}`, '-'],
    }),
  } satisfies EventDraft<ExecEvent>;
  load.exec(event);
  const shown = JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? 0 : value));
  expect(shown).not.toMatch(/hunter|SECRET/);
  expect(event.comm).toBe(REDACTED);
  expect(event.argv).toEqual(['x', `token=${REDACTED}`]);
  expect(event.environ).toEqual([`A=token=${REDACTED}`, 'B=1', `SEC=${REDACTED}`]);
});

test('nor does a failed exec, an exit or a fork', () => {
  const failed: EventDraft<FailedExecEvent> = failedExecEvent({
    comm: 'sh',
    filename: 'mysql token=hunter2',
    argv: ['token=hunter2', `token=${'x'.repeat(249)}`, 'y'],
    argvTruncated: true,
  });
  load.failedExec(failed);
  expect(failed.filename).toBe(`mysql token=${REDACTED}`);
  expect(failed.argv).toEqual([`token=${REDACTED}`, REDACTED, 'y']);
  expect(failed.comm).toBe('sh');
  const exit: EventDraft<ExitEvent> = exitEvent({
    filename: hostile,
    argv: ['x', 'half a secre'],
    argvTruncated: true,
  });
  load.exit(exit);
  expect(exit).toMatchObject({ filename: `/opt/token=${REDACTED}`, argv: ['x', REDACTED] });
  const fork = forkEvent({ comm: 'SECRETchild', parentComm: 'SECRETparent' });
  load.fork(fork);
  expect(fork).toMatchObject({ comm: REDACTED, parentComm: REDACTED });
});
