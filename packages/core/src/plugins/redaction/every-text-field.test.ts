// Every field of an event that can hold text which others chose is redacted, or is declared to hold none. A new
// field does not compile before it stands in one of these lists, and is tested by standing there.

import { expect, test } from 'bun:test';
import { EXEC_DETAIL_TEXTS, type ExecDetail, namesOf, type ProcessEvent } from '@waggle/events';
import {
  execDetail,
  execEvent,
  exitEvent,
  failedExecEvent,
  forkEvent,
} from '@waggle/events/testing';
import type { EventKind } from '@waggle/kernel';
import { redaction } from './index.ts';

/** Numbers, and words of a fixed set; a type that is none of these may hold anything. */
type Closed<Value> = Value extends number | bigint | boolean | null | undefined
  ? true
  : Value extends string
    ? string extends Value
      ? false
      : true
    : Value extends readonly (infer Item)[]
      ? Closed<Item>
      : false;
type OpenField<Of> = {
  [Key in keyof Of]-?: false extends Closed<Of[Key]> ? Key : never;
}[keyof Of];

/** `text` and `list` are redacted. Of the rest it is said why there is nothing to redact. */
type Treatment =
  | 'text'
  | 'list'
  | 'made of numbers'
  | 'name of an errno or a signal'
  | 'name that the host gave'
  | 'fields of their own';

const COMMON = {
  processId: 'made of numbers',
  parentProcessId: 'made of numbers',
  eventId: 'made of numbers',
  identity: 'made of numbers',
  comm: 'text',
  parentComm: 'text',
  cgroup: 'name that the host gave',
  containerId: 'name that the host gave',
} as const;

const EVENTS = {
  fork: {
    ...COMMON,
    childCgroup: 'name that the host gave',
    childContainerId: 'name that the host gave',
  },
  exec: {
    ...COMMON,
    filename: 'text',
    argv: 'list',
    environ: 'list',
    detail: 'fields of their own',
  },
  exit: { ...COMMON, filename: 'text', argv: 'list', signal: 'name of an errno or a signal' },
  'failed-exec': {
    ...COMMON,
    filename: 'text',
    argv: 'list',
    error: 'name of an errno or a signal',
  },
} as const satisfies {
  readonly [Kind in EventKind]: Readonly<
    Record<OpenField<Extract<ProcessEvent, { readonly event: Kind }>>, Treatment>
  >;
};

const TEXTS = Object.fromEntries(
  namesOf(EXEC_DETAIL_TEXTS).map((name) => [name, 'text']),
) as Record<keyof typeof EXEC_DETAIL_TEXTS, 'text'>;

const DETAIL = {
  ...TEXTS,
  stdio: 'list',
  exeDevice: 'made of numbers',
  tty: 'made of numbers',
} as const satisfies Readonly<Record<OpenField<ExecDetail>, Treatment>>;

const detail = execDetail();

type Handlers = Readonly<Record<'fork' | 'exec' | 'exit' | 'failedExec', (event: object) => void>>;
const { load } = redaction({ patterns: [/token=(\S+)/] }).spec.setup({
  services: {},
} as never) as unknown as { readonly load: Handlers };

const PLANTED: Partial<Record<Treatment, unknown>> = {
  text: 'token=hunter2',
  list: ['a', 'token=hunter2', 'b'],
};

/** With a secret in each of these fields. */
function planted<Of extends object>(of: Of, fields: Readonly<Record<string, Treatment>>): Of {
  const secrets = Object.entries(fields).flatMap(([field, treatment]) => {
    const secret = PLANTED[treatment];
    return secret === undefined ? [] : [[field, secret] as const];
  });
  return { ...of, ...Object.fromEntries(secrets) };
}

const exec = { ...planted(execEvent(), EVENTS.exec), detail: planted(detail, DETAIL) };

test.each([
  ['fork', planted(forkEvent(), EVENTS.fork), load.fork, 2],
  ['exec', exec, load.exec, 6 + namesOf(EXEC_DETAIL_TEXTS).length],
  ['exit', planted(exitEvent(), EVENTS.exit), load.exit, 4],
  ['failed exec', planted(failedExecEvent(), EVENTS['failed-exec']), load.failedExec, 4],
] as const)('a secret in any field of one %s is gone', (_, event, redact, secrets) => {
  const shown = () =>
    JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value));
  expect(shown().match(/hunter2/g)).toHaveLength(secrets);
  redact(event);
  expect(shown()).not.toContain('hunter2');
});
