// Grafana's dashboards of docs/fleet, made of its queries with Grafana's own types:
//
//   bun scripts/fleet/dashboards.ts && biome format --write docs/fleet
//
// tests/fleet-*.test.ts run every query in them against the engines.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  DashboardBuilder,
  type DataSourceRef,
  DatasourceVariableBuilder,
  PanelBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder as PrometheusQuery } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

const fleet = join(import.meta.dir, '../../docs/fleet');

/** Datasources are chosen in the dashboard: one of each type. */
const LOGS = { type: 'victoriametrics-logs-datasource', uid: `\${logs}` };
const METRICS = { type: 'prometheus', uid: `\${metrics}` };
const CLICKHOUSE = { type: 'grafana-clickhouse-datasource', uid: `\${clickhouse}` };

const HALF = 12;
const WHOLE = 24;

const query = (engine: 'victorialogs' | 'clickhouse', name: string): string =>
  readFileSync(
    join(fleet, 'queries', engine, `${name}.${engine === 'clickhouse' ? 'sql' : 'logsql'}`),
    'utf8',
  ).trim();

/** Of a plugin that Grafana's types do not know. */
const target = (fields: Readonly<Record<string, unknown>>): Builder<Dataquery> => ({
  build: () => ({ refId: 'A', ...fields, _implementsDataqueryVariant() {} }) as Dataquery,
});

const variable = (name: string, label: string, { type }: DataSourceRef & { type: string }) =>
  new DatasourceVariableBuilder(name).label(label).type(type);

/** Rows of LogsQL are objects in one field: its columns are made of them. */
const logsTable = (title: string, name: string) =>
  new TableBuilder()
    .title(title)
    .datasource(LOGS)
    .span(HALF)
    .withTarget(
      target({
        datasource: LOGS,
        editorMode: 'code',
        expr: query('victorialogs', name),
        queryType: 'instant',
        maxLines: 1000,
      }),
    )
    .withTransformation({
      id: 'extractFields',
      options: { source: 'labels', format: 'json', replace: true },
    });

const rates = (title: string, unit: string, expr: string) =>
  new TimeSeriesBuilder()
    .title(title)
    .unit(unit)
    .datasource(METRICS)
    .span(HALF)
    .withTarget(new PrometheusQuery().refId('A').expr(expr).legendFormat('{{host_name}}'));

/** What the dashboard shows in place of the last hour. */
const sql = (name: string): string =>
  query('clickhouse', name).replaceAll(
    'Timestamp >= now() - INTERVAL 1 HOUR',
    name === 'new-binaries' ? '$&' : '$$__timeFilter(Timestamp)',
  );

const clickHouseTarget = (name: string) =>
  target({
    datasource: CLICKHOUSE,
    editorType: 'sql',
    format: 1,
    queryType: 'table',
    rawSql: sql(name),
  });

const sqlTable = (title: string, name: string) =>
  new TableBuilder()
    .title(title)
    .datasource(CLICKHOUSE)
    .span(HALF)
    .withTarget(clickHouseTarget(name));

const dashboard = (title: string, uid: string) =>
  new DashboardBuilder(title)
    .uid(uid)
    .tags(['waggle'])
    .refresh('1m')
    .time({ from: 'now-1h', to: 'now' });

const victoria = dashboard('waggle: processes of the fleet (Victoria)', 'waggle-victoria')
  .withVariable(variable('logs', 'VictoriaLogs', LOGS))
  .withVariable(variable('metrics', 'VictoriaMetrics', METRICS))
  .withPanel(
    rates(
      'Executions a second',
      'short',
      'sum by (host_name) (rate(waggle_execs_total[$__rate_interval]))',
    ),
  )
  .withPanel(
    rates(
      'Failures a second',
      'short',
      'sum by (host_name) (rate(waggle_exits_total{outcome!="success"}[$__rate_interval]))',
    ),
  )
  .withPanel(logsTable('Failing jobs by host', 'failing-jobs-by-host'))
  .withPanel(logsTable('Fork storms', 'fork-storms'))
  .withPanel(logsTable('Programs never seen before', 'new-binaries'))
  .withPanel(logsTable('CPU by service', 'cpu-by-service'))
  .withPanel(logsTable('Short-lived processes', 'short-lived-processes'))
  .withPanel(
    new TimeSeriesBuilder()
      .title('Events that arrived')
      .datasource(LOGS)
      .span(HALF)
      .withTarget(
        target({
          datasource: LOGS,
          editorMode: 'code',
          expr: '* | stats by (event_name) count() events',
          queryType: 'statsRange',
          legendFormat: '{{event_name}}',
        }),
      ),
  )
  .withPanel(
    rates(
      'CPU of the agents',
      'percentunit',
      'sum by (host_name) (rate(waggle_self_cpu_seconds_total[$__rate_interval]))',
    ),
  )
  .withPanel(
    rates(
      'What waits on the hosts',
      'bytes',
      'max by (host_name) (max_over_time(waggle_otlp_spool_bytes[$__rate_interval]))',
    ),
  );

const clickHouse = dashboard('waggle: processes of the fleet (ClickHouse)', 'waggle-clickhouse')
  .withVariable(variable('clickhouse', 'ClickHouse', CLICKHOUSE))
  .withPanel(sqlTable('Failing jobs by host', 'failing-jobs-by-host'))
  .withPanel(sqlTable('Fork storms', 'fork-storms'))
  .withPanel(sqlTable('Programs never seen before', 'new-binaries'))
  .withPanel(sqlTable('Short-lived processes', 'short-lived-processes'))
  .withPanel(sqlTable('CPU by service', 'cpu-by-service').span(WHOLE))
  .withPanel(
    new PanelBuilder()
      .type('flamegraph')
      .title('Where the CPU time goes')
      .datasource(CLICKHOUSE)
      .span(WHOLE)
      .height(20)
      .unit('s')
      .withTarget(clickHouseTarget('flame-graph')),
  );

/** As the files hold them. */
export const dashboards: Readonly<Record<string, Dashboard>> = {
  'grafana-victoria.json': victoria.build(),
  'grafana-clickhouse.json': clickHouse.build(),
};

const written = (dashboard: Dashboard): string => `${JSON.stringify(dashboard, null, 2)}\n`;

if (import.meta.main)
  for (const [name, dashboard] of Object.entries(dashboards))
    writeFileSync(join(fleet, name), written(dashboard));
