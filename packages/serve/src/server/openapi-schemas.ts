/** What answers in JSON are made of, as JSON Schema. */

export type Schema = Readonly<Record<string, unknown>>;

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});
const NUMBER: Schema = { type: 'number' };
const INTEGER: Schema = { type: 'integer' };
const TEXT: Schema = { type: 'string' };
const BOOLEAN: Schema = { type: 'boolean' };
const orNull = ({ type, ...rest }: Schema): Schema => ({ type: [type, 'null'], ...rest });

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: object({ type: TEXT, title: TEXT, status: INTEGER, detail: TEXT }),
  Span: object({ from: NUMBER, to: NUMBER }),
  Gap: object({ from: NUMBER, to: NUMBER, reason: TEXT }),
  Process: object({
    id: INTEGER,
    parent: INTEGER,
    pid: INTEGER,
    startTime: TEXT,
    ppid: INTEGER,
    comm: TEXT,
    argv: { type: ['array', 'null'], items: TEXT },
    uid: orNull(INTEGER),
    containerId: orNull(TEXT),
    kernelThread: BOOLEAN,
    bornAt: TEXT,
    endedAt: orNull(TEXT),
    exitCode: orNull(INTEGER),
    signal: orNull(TEXT),
    execs: INTEGER,
    forgottenBelow: INTEGER,
    samples: INTEGER,
    cpuMs: INTEGER,
  }),
  Processes: object({
    span: ref('Span'),
    leftOut: INTEGER,
    processes: { type: 'array', items: ref('Process') },
  }),
  Activity: object({
    span: ref('Span'),
    step: { ...INTEGER, description: 'Each row is of so many seconds.' },
    columns: { type: 'array', items: TEXT },
    seconds: { type: 'array', items: { type: 'array', items: orNull(NUMBER) } },
    gaps: { type: 'array', description: 'When nobody looked.', items: ref('Gap') },
  }),
  Events: object({
    span: ref('Span'),
    last: {
      ...INTEGER,
      description: 'The newest event of the span, chosen or not: `after` goes on behind it.',
    },
    isCut: BOOLEAN,
    events: {
      type: 'array',
      description: 'Each with its number before it; the fields are those of `waggle trace --json`.',
      items: {
        type: 'array',
        prefixItems: [INTEGER, { type: 'object' }],
        minItems: 2,
        maxItems: 2,
      },
    },
  }),
  Status: object({
    version: TEXT,
    run: TEXT,
    host: TEXT,
    target: { ...orNull(TEXT), description: 'What of it is shown; null for all of it.' },
    cpus: INTEGER,
    frequencyHz: NUMBER,
    reveal: BOOLEAN,
    recorded: { ...BOOLEAN, description: 'It is over: only spans can be asked for.' },
    now: NUMBER,
    keepMs: NUMBER,
    oldest: NUMBER,
    sampledUntil: orNull(NUMBER),
    oldestEvent: orNull(NUMBER),
    events: INTEGER,
    lostEvents: INTEGER,
    processes: INTEGER,
  }),
  ProfilePage: object({
    facts: { type: 'array', items: { type: 'object' } },
    shares: { type: 'array', items: { type: 'object' } },
  }),
};
