/**
 * Requests from parts that are bytes already: a record is encoded when its event comes, and a batch of them is put
 * together without being read again. A message of protocol buffers is its fields one after the other.
 */

import { logAndMetricMessages } from '@waggle/formats';
import { Writer } from 'protobufjs/light.js';
import { type Attributes, keyValues } from './attributes.ts';
import { codec, lengthTag } from './codec.ts';

const SCOPE = 'waggle';

/** Who sends: the same in every request. */
export interface Sender {
  /** Of the host and of the agent: encoded once. */
  readonly resource: Uint8Array;
  readonly scope: Uint8Array;
}

export function senderOf(resource: Attributes, version: string): Sender {
  return {
    resource: codec.encode('Resource', { attributes: keyValues(resource) }),
    scope: codec.encode('InstrumentationScope', { name: SCOPE, version }),
  };
}

/** An ExportLogsServiceRequest. @param records LogRecords one after the other, each behind its tag and length */
export const logsRequest = (sender: Sender, records: Uint8Array): Uint8Array =>
  request(sender, records, {
    request: logAndMetricMessages.ExportLogsServiceRequest.resourceLogs.id,
    resource: logAndMetricMessages.ResourceLogs.resource.id,
    scopes: logAndMetricMessages.ResourceLogs.scopeLogs.id,
    scope: logAndMetricMessages.ScopeLogs.scope.id,
  });

/** An ExportMetricsServiceRequest. @param metrics Metrics one after the other, each behind its tag and length */
export const metricsRequest = (sender: Sender, metrics: Uint8Array): Uint8Array =>
  request(sender, metrics, {
    request: logAndMetricMessages.ExportMetricsServiceRequest.resourceMetrics.id,
    resource: logAndMetricMessages.ResourceMetrics.resource.id,
    scopes: logAndMetricMessages.ResourceMetrics.scopeMetrics.id,
    scope: logAndMetricMessages.ScopeMetrics.scope.id,
  });

interface FieldNumbers {
  readonly request: number;
  readonly resource: number;
  readonly scopes: number;
  readonly scope: number;
}

function request({ resource, scope }: Sender, items: Uint8Array, ids: FieldNumbers): Uint8Array {
  const scoped = joined(field(ids.scope, scope), items);
  const ofResource = joined(field(ids.resource, resource), field(ids.scopes, scoped));
  return field(ids.request, ofResource);
}

/** The bytes of one field that has bytes of its own. */
export function field(id: number, bytes: Uint8Array): Uint8Array {
  return Writer.create().uint32(lengthTag(id)).bytes(bytes).finish();
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
