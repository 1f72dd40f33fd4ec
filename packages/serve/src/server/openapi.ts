/**
 * The API in OpenAPI's words (https://spec.openapis.org/oas/v3.1.0), served to those who have the token.
 */

import { reply } from '../answers/reply.ts';
import type { Api, Ask } from '../api/api.ts';
import { onlyKnown } from '../api/parameters.ts';
import { ref, SCHEMAS, type Schema } from './openapi-schemas.ts';

const parameter = (name: string, schema: Schema, description: string) => ({
  name,
  in: 'query',
  required: false,
  schema,
  description,
});

const MOMENT =
  'An age such as -10s or -5m, milliseconds since 1970, a time as RFC 3339 has it, or now.';
const SPAN = [
  parameter(
    'from',
    { type: 'string' },
    `Where the span begins. ${MOMENT} Default: as far back as is kept.`,
  ),
  parameter('to', { type: 'string' }, `Where it ends. ${MOMENT} Default: now.`),
];
const SCOPE = [
  parameter('pid', { type: 'integer', minimum: 1 }, 'Only this process and all below it.'),
  parameter('start', { type: 'string' }, 'Its startTime, where another had its pid later.'),
];
const THEME = parameter(
  'theme',
  { enum: ['dark', 'light'] },
  'Of pages. Default: what the system prefers.',
);
const PROFILE_FORMATS = ['pb.gz', 'folded', 'svg', 'html', 'speedscope.json', 'json', 'otlp'];

const content = (type: string, schema: Schema = { type: 'string' }) => ({ [type]: { schema } });
const binary: Schema = { type: 'string', format: 'binary' };

const PROBLEM = { content: content('application/problem+json', ref('Problem')) };
const REFUSALS = {
  '401': { description: 'The token is missing, wrong or of an earlier run.', ...PROBLEM },
  '403': { description: 'The request comes from a page of another site.', ...PROBLEM },
  '421': { description: 'The Host is not the one that waggle serve listens as.', ...PROBLEM },
};
/** Of every path, whoever asks. */
const ALWAYS = {
  '405': { description: 'The path has no such method: Allow names those that it has.', ...PROBLEM },
  '414': { description: 'The URL has more than 4096 characters.', ...PROBLEM },
  '421': REFUSALS['421'],
  '500': { description: 'A mistake of waggle: it is said where waggle serve runs.', ...PROBLEM },
  '503': {
    description: 'Too much is asked for at once: Retry-After says when to come again.',
    ...PROBLEM,
  },
};
const MISTAKES = {
  '400': { description: 'A parameter that cannot be meant.', ...PROBLEM },
  '404': { description: 'A span that is not kept, or a process that nobody knows.', ...PROBLEM },
  '429': {
    description:
      'This client asks for too much, a second or at once: Retry-After says when to come again.',
    ...PROBLEM,
  },
};

const get = (
  summary: string,
  parameters: readonly object[],
  answers: Readonly<Record<string, unknown>>,
  options: {
    readonly mayFail?: boolean;
    readonly isOpen?: boolean;
    /** It has no ETag: it is another one each time. */
    readonly isNeverSame?: boolean;
  } = {},
) => ({
  get: {
    summary,
    ...(options.isOpen ? { security: [] } : {}),
    parameters,
    responses: {
      '200': { description: 'Here it is.', content: answers },
      ...(options.isNeverSame ? {} : { '304': { description: 'If-None-Match names what it is.' } }),
      ...(options.isOpen ? {} : REFUSALS),
      ...(options.mayFail === false ? {} : MISTAKES),
      ...(options.isOpen ? {} : { '400': MISTAKES['400'] }),
      ...ALWAYS,
    },
  },
});

const profileContent = {
  ...content('application/vnd.google.protobuf', binary),
  ...content('text/plain'),
  ...content('text/html'),
  ...content('image/svg+xml'),
  ...content('application/json', {}),
  ...content('application/x-protobuf', binary),
};

export function openapiDocument(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'waggle serve',
      version,
      description:
        'What the processes of a host do and where their CPU time goes. All but /health and the page itself needs the token that waggle serve prints.',
    },
    security: [{ bearer: [] }, { query: [] }, { cookie: [] }],
    paths: {
      '/health': get('Whether it lives.', [], content('text/plain'), {
        isOpen: true,
        mayFail: false,
        isNeverSame: true,
      }),
      '/metrics': get('For Prometheus.', [], content('text/plain'), { isNeverSame: true }),
      '/openapi.json': get('This.', [], content('application/json', { type: 'object' }), {
        mayFail: false,
      }),
      '/debug/pprof/profile': get(
        'CPU of the seconds to come, for `go tool pprof URL`.',
        [
          parameter('seconds', { type: 'number', minimum: 0.1, default: 30 }, 'How many.'),
          ...SCOPE,
        ],
        content('application/vnd.google.protobuf', binary),
      ),
      '/api/profile': get(
        'CPU of a span that is kept, or of the seconds to come.',
        [
          parameter(
            'format',
            { enum: PROFILE_FORMATS, default: 'pb.gz' },
            'As the extension of a file.',
          ),
          parameter(
            'seconds',
            { type: 'number', minimum: 0.1 },
            'Of the seconds to come, in place of a span.',
          ),
          ...SPAN,
          ...SCOPE,
          THEME,
        ],
        profileContent,
      ),
      '/api/diff': get(
        'How the CPU of a span differs from that of another.',
        [
          parameter(
            'format',
            { enum: ['html', 'svg', 'folded'], default: 'html' },
            'As the extension of a file.',
          ),
          ...SPAN,
          parameter('baseFrom', { type: 'string' }, `Where the span before begins. ${MOMENT}`),
          parameter('baseTo', { type: 'string' }, `Where it ends. ${MOMENT}`),
          ...SCOPE,
          THEME,
        ],
        { ...content('text/html'), ...content('image/svg+xml'), ...content('text/plain') },
      ),
      '/api/flame': get(
        'What the flame graph of the page is brought up to date with; no stable form.',
        [...SPAN, ...SCOPE],
        content('application/json', ref('ProfilePage')),
      ),
      '/api/timeline': get(
        'What began and ended in a span, as a page.',
        [
          parameter(
            'format',
            { enum: ['html', 'update'], default: 'html' },
            'update is what the timeline of the page is brought up to date with; no stable form.',
          ),
          ...SPAN,
          ...SCOPE,
          THEME,
        ],
        { ...content('text/html'), ...content('application/octet-stream', binary) },
      ),
      '/api/events': get(
        'Events as they come, as server-sent events, and as lines of JSON for curl and for those that accept JSON; or, with a span, those of it.',
        [
          parameter(
            'format',
            { enum: ['stream', 'jsonl', 'json', 'csv', 'pftrace', 'db'], default: 'stream' },
            'json has the newest of a span; csv, pftrace (Perfetto) and db (SQLite) are files of one, as of `waggle trace -o`.',
          ),
          parameter(
            'kind',
            { type: 'string' },
            'fork, exec, exit, failed-exec: one or several with commas.',
          ),
          parameter('failed', { enum: ['true', 'false'] }, 'Only what failed or was killed.'),
          parameter(
            'text',
            { type: 'string' },
            'Only events that have this text in one of their values, whatever the case.',
          ),
          parameter(
            'after',
            { type: 'string', pattern: '^([0-9a-f-]{1,64}:)?[0-9]{1,15}$' },
            'Those after this one, as Last-Event-ID: the id of a server-sent event, RUN:NUMBER. After one of an earlier run come a line {"event":"gap"} and all that is kept. A number alone is of this run: 0 for all that is kept.',
          ),
          parameter(
            'limit',
            { type: 'integer', minimum: 1, maximum: 100000 },
            'At most so many of a span.',
          ),
          ...SPAN,
          ...SCOPE,
        ],
        {
          ...content('text/event-stream'),
          ...content('application/x-ndjson'),
          ...content('application/json', ref('Events')),
          ...content('text/csv'),
          ...content('application/vnd.perfetto.trace', binary),
          ...content('application/vnd.sqlite3', binary),
        },
      ),
      '/api/processes': get(
        'Who runs and who ran, with the CPU time of a span.',
        [
          ...SPAN,
          ...SCOPE,
          parameter(
            'limit',
            { type: 'integer', minimum: 1, maximum: 50000, default: 2000 },
            'At most so many.',
          ),
        ],
        content('application/json', ref('Processes')),
      ),
      '/api/activity': get(
        'CPU and process activity by second.',
        [...SPAN, ...SCOPE],
        content('application/json', ref('Activity')),
      ),
      '/api/status': get(
        'What is kept, and since when.',
        [],
        content('application/json', ref('Status')),
        { mayFail: false, isNeverSame: true },
      ),
      '/api/login': {
        post: {
          summary: 'A cookie for the token, as the page wants it: the token is in Authorization.',
          security: [{ bearer: [] }],
          responses: {
            '204': {
              description: 'The cookie is in Set-Cookie: HttpOnly, and for this site alone.',
              headers: { 'Set-Cookie': { schema: { type: 'string' } } },
            },
            ...REFUSALS,
            ...ALWAYS,
          },
        },
      },
      '/api/live': {
        get: {
          summary:
            'The connection of the page, a WebSocket (RFC 6455); no stable form. Programs ask /api/events.',
          parameters: [],
          responses: {
            '101': { description: 'It goes on as a WebSocket.' },
            '426': { description: 'It was not asked for as a WebSocket.', ...PROBLEM },
            '429': MISTAKES['429'],
            ...REFUSALS,
            ...ALWAYS,
          },
        },
      },
    },
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        query: { type: 'apiKey', in: 'query', name: 'token' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'waggle-PORT' },
      },
    },
  };
}

export function openapi(api: Api, ask: Ask): Promise<Response> {
  onlyKnown(ask.url.searchParams, []);
  return reply(ask.request, `${JSON.stringify(openapiDocument(api.version))}\n`, {
    type: 'application/json',
  });
}
