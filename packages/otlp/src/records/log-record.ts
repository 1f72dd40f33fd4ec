/**
 * Events as log records, by OpenTelemetry's semantic conventions where they have a name (process.*, container.*,
 * k8s.*, error.type, log.record.uid), else under `waggle.`. Plain data.
 */

import type { ExecEvent, ExitEvent, FailedExecEvent, LostEvent, ProcessEvent } from '@waggle/core';
import { type Attributes, keyValues } from '../schema/attributes.ts';
import type { Draft } from '../schema/codec.ts';

/** Of the specification: INFO and WARN. */
const INFO = { severityNumber: 9, severityText: 'INFO' } as const;
const WARN = { severityNumber: 13, severityText: 'WARN' } as const;
/** A line for people; the arguments are whole in their attribute. */
const MAX_BODY = 1000;

export type LoggedEvent = ExecEvent | ExitEvent | FailedExecEvent | LostEvent;

/** Attributes of the container that an event is of, beside its id. */
export type ContainerAttributes = (
  event: Pick<ExecEvent, 'containerId' | 'cgroup'>,
) => Attributes | undefined;

/** Executions, ends, failures and losses are told; a birth is in what the child does. */
export function isLogged(event: ProcessEvent): event is LoggedEvent {
  return event.event !== 'fork';
}

export function logRecordOf(event: LoggedEvent, container: ContainerAttributes): LogRecord {
  switch (event.event) {
    case 'exec':
      return recordOf(event, INFO, 'process.exec', {
        body: `exec ${commandLine(event)}`,
        attributes: programOf(event),
        container,
      });
    case 'exit':
      return recordOf(event, isFailure(event) ? WARN : INFO, 'process.exit', {
        body: `exit ${outcomeOf(event)} ${commandLine(event)}`,
        attributes: { ...programOf(event), ...endOf(event) },
        container,
      });
    case 'failed-exec':
      return recordOf(event, WARN, 'process.exec.failed', {
        body: `failed exec ${event.error} ${commandLine(event)}`,
        attributes: { ...programOf(event), 'error.type': event.error },
        container,
      });
    case 'lost':
      return lossRecord('events', event.count, event.time);
  }
}

/** What nobody will get any more. @param kind `events` of the kernel, or a signal of the spool */
export function lossRecord(kind: string, count: number, time: bigint): LogRecord {
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    ...WARN,
    eventName: 'waggle.lost',
    body: { stringValue: `${count} ${kind} are lost` },
    attributes: keyValues({ 'waggle.lost.kind': kind, 'waggle.lost.count': count }),
  };
}

type LogRecord = Draft<'LogRecord'>;
type Told = ExecEvent | ExitEvent | FailedExecEvent;

function recordOf(
  event: Told,
  severity: typeof INFO | typeof WARN,
  eventName: string,
  {
    body,
    attributes,
    container,
  }: {
    readonly body: string;
    readonly attributes: Attributes;
    readonly container: ContainerAttributes;
  },
): LogRecord {
  return {
    timeUnixNano: event.time,
    observedTimeUnixNano: event.time,
    ...severity,
    eventName,
    body: { stringValue: body.slice(0, MAX_BODY).toWellFormed() },
    attributes: keyValues({
      'log.record.uid': event.eventId,
      'process.pid': event.pid,
      'process.parent_pid': event.ppid,
      'process.executable.name': event.comm,
      'process.real_user.id': event.uid,
      'process.linux.cgroup': event.cgroup ?? undefined,
      'waggle.process.id': event.processId,
      'waggle.parent_process.id': event.parentProcessId,
      'waggle.parent_process.executable.name': event.parentComm ?? undefined,
      'container.id': event.containerId ?? undefined,
      ...attributes,
      ...container(event),
    }),
  };
}

function programOf({ filename, argv, argvTruncated, time, bootTime, startTime }: Told): Attributes {
  return {
    'process.executable.path': filename ?? undefined,
    'process.command_args': argv ?? undefined,
    'waggle.process.command_args.truncated': argvTruncated ? true : undefined,
    'process.creation.time': rfc3339(time - (bootTime - startTime)),
  };
}

function endOf(event: ExitEvent): Attributes {
  return {
    'process.exit.code': event.signal === null ? event.exitCode : undefined,
    'process.exit.time': rfc3339(event.time),
    'waggle.exit.signal': event.signal ?? undefined,
    'waggle.exit.core_dumped': event.coreDumped ? true : undefined,
    'waggle.lifetime_ns': event.lifetimeNs,
    'waggle.user_ns': event.userNs,
    'waggle.system_ns': event.systemNs,
    'waggle.max_rss_bytes': event.maxRssBytes,
    'waggle.major_faults': event.majorFaults,
    'waggle.read_bytes': event.readBytes ?? undefined,
    'waggle.write_bytes': event.writeBytes ?? undefined,
  };
}

const isFailure = ({ exitCode, signal }: ExitEvent): boolean => signal !== null || exitCode !== 0;

const outcomeOf = ({ exitCode, signal }: ExitEvent): string => signal ?? String(exitCode);

function commandLine({ argv, filename, comm }: Told): string {
  return argv === null || argv.length === 0 ? (filename ?? comm) : argv.join(' ');
}

/** Of ns since 1970, to the nanosecond. */
function rfc3339(time: bigint): string {
  const seconds = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(time % 1_000_000_000n).padStart(9, '0')}Z`;
}
