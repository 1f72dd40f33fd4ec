// A fleet's engines by the recipes in docs/fleet: the real servers on loopback, with the configuration that is
// published, and questions to them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, RealServer, type ServerBuilds } from './real-servers.ts';
import { Waggle } from './waggle.ts';
import { freshFolder } from './workloads.ts';

const docs = join(import.meta.dir, '../../docs/fleet');

export const recipe = (name: string): string => join(docs, name);
export const publishedQuery = (name: string): string =>
  readFileSync(join(docs, 'queries', name), 'utf8');

export type Row = Readonly<Record<string, unknown>>;

const local = (port: number, path = ''): string => `http://127.0.0.1:${port}${path}`;

export interface Collector {
  readonly server: RealServer;
  /** For `--otlp`. */
  readonly url: string;
  readonly grpcUrl: string;
}

/** @param config of docs/fleet @param env what it has in place of the defaults */
export async function startCollector(
  builds: ServerBuilds,
  config: string,
  env: Readonly<Record<string, string>>,
): Promise<Collector> {
  const { http, grpc } = await freePorts('http', 'grpc');
  const server = await RealServer.start({
    command: [
      join(builds.folder('collector'), 'collector'),
      `--config=${config}`,
      '--feature-gates=service.profilesSupport',
    ],
    env: {
      COLLECTOR_STATE: join(freshFolder(), 'state'),
      COLLECTOR_HTTP: `127.0.0.1:${http}`,
      COLLECTOR_GRPC: `127.0.0.1:${grpc}`,
      ...env,
    },
    readyAt: local(http),
  });
  return { server, url: local(http), grpcUrl: local(grpc) };
}

export class Victoria implements AsyncDisposable {
  readonly logsUrl: string;
  readonly metricsUrl: string;
  readonly logs: RealServer;
  readonly metrics: RealServer;

  private constructor(logs: RealServer, metrics: RealServer, urls: readonly [string, string]) {
    this.logs = logs;
    this.metrics = metrics;
    [this.logsUrl, this.metricsUrl] = urls;
  }

  static async start(builds: ServerBuilds): Promise<Victoria> {
    const ports = await freePorts('logs', 'metrics');
    const start = (program: string, port: number, ...more: string[]) =>
      RealServer.start({
        command: [
          join(builds.folder('victoria'), program),
          `-storageDataPath=${freshFolder()}`,
          `-httpListenAddr=127.0.0.1:${port}`,
          ...more,
        ],
        readyAt: local(port, '/health'),
      });
    const [logs, metrics] = await Promise.all([
      start('victoria-logs', ports.logs),
      start('victoria-metrics', ports.metrics, '-opentelemetry.usePrometheusNaming'),
    ]);
    return new Victoria(logs, metrics, [local(ports.logs), local(ports.metrics)]);
  }

  /** Rows for LogsQL. @param parameters `start`, `end` and others of the HTTP API */
  async rows(query: string, parameters: Readonly<Record<string, string>> = {}): Promise<Row[]> {
    const lines = await this.ask('/select/logsql/query', { query, ...parameters });
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }

  /** Text of any other answer about logs. */
  ask(path: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    return textOf(this.logsUrl + path, parameters);
  }

  /** Values by time for PromQL. */
  async series(query: string): Promise<Row[]> {
    const now = Math.floor(Date.now() / 1000);
    const text = await textOf(`${this.metricsUrl}/api/v1/query_range`, {
      ...{ query, start: String(now - 600), end: String(now), step: '15' },
    });
    return (JSON.parse(text) as { readonly data: { readonly result: Row[] } }).data.result;
  }

  /** Distinct ids of events with this among their arguments. */
  async eventIdsWith(mark: string): Promise<ReadonlySet<string>> {
    const rows = await this.rows(
      `"process.command_args":"${mark}" | uniq by ("log.record.uid") | fields "log.record.uid"`,
    );
    return new Set(rows.map((row) => String(row['log.record.uid'])));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.logs[Symbol.asyncDispose]();
    await this.metrics[Symbol.asyncDispose]();
  }
}

/** ClickHouse's engine (chdb) behind a ClickHouse server's HTTP interface. */
export class ClickHouse implements AsyncDisposable {
  readonly url: string;
  readonly #server: RealServer;

  private constructor(server: RealServer, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(builds: ServerBuilds): Promise<ClickHouse> {
    const { port } = await freePorts('port');
    const folder = builds.folder('chdb');
    const command = [join(folder, 'bin/python'), join(folder, 'serve.py'), freshFolder()];
    const server = await RealServer.start({
      command: [...command, String(port)],
      readyAt: local(port),
    });
    return new ClickHouse(server, local(port));
  }

  async rows(sql: string): Promise<Row[]> {
    const response = await fetch(`${this.url}/?default_format=JSONEachRow`, {
      method: 'POST',
      body: sql,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

async function textOf(url: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(parameters) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return text;
}

/** `waggle agent --otlp URL` with a spool of its own. */
export async function sendingAgent(url: string, ...args: string[]): Promise<Waggle> {
  const waggle = new Waggle([
    ...['agent', '--no-store', '--otlp', url, '--otlp-spool', join(freshFolder(), 'spool')],
    ...args,
  ]);
  await waggle.says(/^waggle: ready/m);
  return waggle;
}

/** Ids of a trace's executions, ends and failures with this among their arguments. */
export function tracedIdsWith(trace: Waggle, mark: string): ReadonlySet<string> {
  const told = trace.stdout
    .split('\n')
    .filter((line) => line.includes(mark) && line.endsWith('}'))
    .map((line) => JSON.parse(line) as { readonly argv?: readonly string[]; eventId: string });
  return new Set(
    told.filter(({ argv }) => argv?.includes(mark) === true).map(({ eventId }) => eventId),
  );
}
