// The JSON form of an event: field names and order fixed. 64-bit numbers are strings, for JSON
// readers that have only doubles; bytes that are no UTF-8 are U+FFFD.

import { stringifyJson } from '@waggle/text';
import type { ExecEvent, ProcessEvent } from '../../events/process-event.ts';
import { Rfc3339 } from './rfc3339.ts';
import type { WithheldNotice } from './withheld.ts';

export class EventJson {
  readonly #clock = new Rfc3339();

  /** One event's line, newline included. */
  line(event: ProcessEvent): string {
    return `${stringifyJson(this.fields(event))}\n`;
  }

  /** The line of what is missing beside losses. */
  noticeLine({ event, time, count }: WithheldNotice): string {
    return `${stringifyJson({ event, time: this.#clock.format(time), count })}\n`;
  }

  /** An event as an object of strings, numbers, arrays and null. */
  fields(event: ProcessEvent): object {
    switch (event.event) {
      case 'exec':
        return {
          event: 'exec',
          time: this.#clock.format(event.time),
          pid: event.pid,
          tid: event.tid,
          ppid: event.ppid,
          startTime: String(event.startTime),
          execId: event.execId,
          comm: event.comm,
          filename: event.filename,
          argv: event.argv,
          argvTruncated: event.argvTruncated,
          uid: event.uid,
          gid: event.gid,
          cgroupId: String(event.cgroupId),
          containerId: event.containerId,
          nsMnt: event.nsMnt,
          nsPid: event.nsPid,
          ...detailFields(event),
          parentComm: event.parentComm,
          processId: event.processId,
          parentProcessId: event.parentProcessId,
        };
      case 'exit':
        return {
          event: 'exit',
          time: this.#clock.format(event.time),
          pid: event.pid,
          tid: event.tid,
          ppid: event.ppid,
          startTime: String(event.startTime),
          execId: event.execId,
          comm: event.comm,
          filename: event.filename,
          argv: event.argv,
          argvTruncated: event.argvTruncated,
          uid: event.uid,
          cgroupId: String(event.cgroupId),
          containerId: event.containerId,
          exitCode: event.exitCode,
          signal: event.signal,
          coreDumped: event.coreDumped,
          lifetimeNs: String(event.lifetimeNs),
          parentComm: event.parentComm,
          processId: event.processId,
          parentProcessId: event.parentProcessId,
        };
      case 'fork':
        return {
          event: 'fork',
          time: this.#clock.format(event.time),
          pid: event.pid,
          tid: event.tid,
          ppid: event.ppid,
          startTime: String(event.startTime),
          execId: event.execId,
          comm: event.comm,
          childPid: event.childPid,
          childStartTime: String(event.childStartTime),
          uid: event.uid,
          parentComm: event.parentComm,
          processId: event.processId,
          parentProcessId: event.parentProcessId,
        };
      case 'failed-exec':
        return {
          event: 'failed-exec',
          time: this.#clock.format(event.time),
          pid: event.pid,
          tid: event.tid,
          ppid: event.ppid,
          startTime: String(event.startTime),
          execId: event.execId,
          comm: event.comm,
          error: event.error,
          filename: event.filename,
          argv: event.argv,
          argvTruncated: event.argvTruncated,
          uid: event.uid,
          gid: event.gid,
          cgroupId: String(event.cgroupId),
          containerId: event.containerId,
          parentComm: event.parentComm,
          processId: event.processId,
          parentProcessId: event.parentProcessId,
        };
      case 'lost':
        return { event: 'lost', time: this.#clock.format(event.time), count: event.count };
    }
  }
}

/** Nothing at all where the session goes without. */
function detailFields({ detail, environ, environTruncated }: ExecEvent): object {
  const variables = environ === null ? {} : { environ, environTruncated };
  if (detail === null) return variables;
  return {
    exe: detail.exe,
    exeTruncated: detail.exeTruncated,
    cwd: detail.cwd,
    cwdTruncated: detail.cwdTruncated,
    exeInode: String(detail.exeInode),
    exeDevice: detail.exeDevice,
    effectiveUid: detail.effectiveUid,
    effectiveGid: detail.effectiveGid,
    loginUid: detail.loginUid ?? null,
    sessionId: detail.sessionId,
    tty: detail.tty ?? null,
    marks: detail.flags,
    interpreter: detail.interpreter ?? null,
    ...variables,
  };
}
