// A real OpenTelemetry Collector by the recipe of docs/fleet, before a real VictoriaLogs: what arrives is what
// `trace --json` beside it has seen, through stops and kills of everything on the way.
//
// WAGGLE_FLEET=long has the collector away for five minutes, and the load run all the time.

import { describe, expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import {
  type Collector,
  recipe,
  sendingAgent,
  startCollector,
  tracedIdsWith,
  Victoria,
} from './support/fleet.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { exitCodeOf } from './support/processes.ts';
import { serverBuilds } from './support/real-servers.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const builds = serverBuilds('collector', 'victoria');
const isLong = process.env.WAGGLE_FLEET === 'long';
const AWAY_MS = isLong ? 300_000 : 6_000;
const BETWEEN_MS = isLong ? 20_000 : 3_000;

/** Runs programs with this mark until its end. */
class Load implements AsyncDisposable {
  #isRunning = true;
  readonly #done: Promise<void>;

  constructor(mark: string) {
    this.#done = this.#run(mark);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(mark: string): Promise<void> {
    for (let count = 0; this.#isRunning; count++) {
      await exitCodeOf(workload('exit_with'), `--id=${count % 3}`, mark);
      await exitCodeOf('sh', '-c', 'PATH=/nonexistent "$0" "$1"; exit 0', 'none', mark);
      await Bun.sleep(20);
    }
  }
}

const victoriaEnv = ({ logsUrl, metricsUrl }: Victoria) => ({
  VICTORIALOGS: logsUrl,
  VICTORIAMETRICS: metricsUrl,
});

describe('waggle agent before a real collector', () => {
  optionalKernelTest(
    'distinct event ids in VictoriaLogs equal those of a trace: collector stopped, and killed twice',
    builds.missing,
    async () => {
      await using victoria = await Victoria.start(builds);
      const collector = await startCollector(
        builds,
        recipe('collector-victoria.yaml'),
        victoriaEnv(victoria),
      );
      await using server = collector.server;
      await using waggle = await sendingAgent(collector.url, '--otlp-signals', 'logs,metrics');
      await using trace = await Waggle.trace(['--events', 'exec,exit,failed-exec']);
      const mark = `fleet${process.pid}`;
      await using load = new Load(mark);
      const arrived = async (more: number) => {
        const before = (await victoria.eventIdsWith(mark)).size;
        await eventually('more to arrive', async () => {
          return (await victoria.eventIdsWith(mark)).size >= before + more;
        });
      };
      await arrived(20);
      // Killed while it takes and sends.
      await server.kill();
      await Bun.sleep(BETWEEN_MS);
      await server.startAgain();
      await arrived(20);
      // Away for long, as for an update: the agent's spool fills.
      await server.stop();
      await Bun.sleep(AWAY_MS);
      await server.startAgain();
      await arrived(20);
      // The store is away, the collector has what the store does not, and is killed with it.
      await victoria.logs.stop();
      await Bun.sleep(BETWEEN_MS);
      await server.kill();
      await victoria.logs.startAgain();
      await server.startAgain();
      await arrived(20);
      await load.stop();
      const seen = () => tracedIdsWith(trace, mark);
      await eventually(
        'everything to arrive',
        async () => (await victoria.eventIdsWith(mark)).size >= seen().size && seen().size > 0,
        100_000,
      );
      await waggle.stop('SIGTERM');
      await trace.stop('SIGINT');
      const expected = seen();
      await eventually('the last to arrive', async () => {
        return (await victoria.eventIdsWith(mark)).size >= expected.size;
      });
      expect(await victoria.eventIdsWith(mark)).toEqual(expected);
      const [total] = await victoria.rows(`"process.command_args":"${mark}" | count() records`);
      console.log(`${expected.size} distinct events, ${total?.records} records in VictoriaLogs`);
    },
    AWAY_MS + 400_000,
  );

  optionalKernelTest(
    'a collector takes logs, metrics and profiles by HTTP and by gRPC, and writes them to files',
    builds.missing,
    async () => {
      for (const protocol of ['http/protobuf', 'grpc'] as const) {
        const folder = freshFolder();
        const config = join(folder, 'collector.yaml');
        writeFileSync(config, filesConfig(folder));
        const collector: Collector = await startCollector(builds, config, {});
        await using server = collector.server;
        const url = protocol === 'grpc' ? collector.grpcUrl : collector.url;
        await using waggle = await sendingAgent(url, '--otlp-protocol', protocol);
        const mark = `file${process.pid}`;
        await exitCodeOf(workload('exit_with'), '--id=7', mark);
        await using _busy = new Load(`${mark}busy`);
        const text = (name: string) => {
          try {
            return readFileSync(join(folder, name), 'utf8');
          } catch {
            return '';
          }
        };
        await eventually(
          'all three signals',
          () => ['logs', 'metrics', 'profiles'].every((name) => text(name).includes('\n')),
          60_000,
        );
        await eventually('the exit', () => text('logs').includes(mark));
        const exits = records(text('logs')).filter(
          ({ eventName, attributes }) =>
            eventName === 'process.exit' &&
            JSON.stringify(attributes).includes(`{"stringValue":"${mark}"}`),
        );
        expect(exits.length).toBe(1);
        expect(exits[0]?.severityText).toBe('WARN');
        expect(text('metrics')).toContain('waggle_execs_total');
        expect(text('profiles')).toContain('"process.executable.name"');
        const { stderr } = await waggle.stop('SIGTERM');
        expect(stderr).not.toContain('warning');
        await server.stop();
      }
    },
  );
});

interface FileRecord {
  readonly eventName: string;
  readonly severityText: string;
  readonly attributes: readonly unknown[];
}

/** Of the collector's file exporter: a request a line. */
function records(lines: string): FileRecord[] {
  interface Request {
    readonly resourceLogs: readonly {
      readonly scopeLogs: readonly { readonly logRecords: readonly FileRecord[] }[];
    }[];
  }
  return lines
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .flatMap((line) => (JSON.parse(line) as Request).resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
}

const filesConfig = (folder: string): string => `
receivers:
  otlp:
    protocols:
      http: {endpoint: "\${env:COLLECTOR_HTTP}"}
      grpc: {endpoint: "\${env:COLLECTOR_GRPC}"}
exporters:
  file/logs: {path: ${folder}/logs}
  file/metrics: {path: ${folder}/metrics}
  file/profiles: {path: ${folder}/profiles}
service:
  pipelines:
    logs: {receivers: [otlp], exporters: [file/logs]}
    metrics: {receivers: [otlp], exporters: [file/metrics]}
    profiles: {receivers: [otlp], exporters: [file/profiles]}
`;
