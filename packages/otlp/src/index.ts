/** @waggle/otlp: processes of a host to OpenTelemetry: logs, metrics, profiles. See README.md. */

export { OtlpExporter, type OtlpExporterOptions, type SignalCounts, spoolIn } from './exporter.ts';
export type { ContainerAttributes } from './records/log-record.ts';
export type { PlainMetric } from './records/metrics.ts';
export { type HostFiles, hostResource } from './resource/host-resource.ts';
export { KubernetesFiles, type KubernetesOptions } from './resource/kubernetes-files.ts';
export type { Attributes, AttributeValue } from './schema/attributes.ts';
export {
  OtlpOptionError,
  type OtlpProtocol,
  OtlpTarget,
  type OtlpTargetOptions,
} from './send/target.ts';
export { SIGNALS, type Signal } from './signal.ts';
export { SpoolError } from './spool/spool.ts';
