// Lines as `waggle trace --json` writes them, for tests.

/** Boot time 0 of these recordings. */
const EPOCH_MS = Date.parse('2026-03-01T12:00:00Z');

export function timeAt(nanoseconds: number): string {
  const ms = Math.floor(nanoseconds / 1e6);
  const rest = String(nanoseconds - ms * 1e6).padStart(6, '0');
  return `${new Date(EPOCH_MS + ms).toISOString().slice(0, 23)}${rest}Z`;
}

interface Who {
  readonly pid: number;
  /** Boot time in ns; the pid's only process by default. */
  readonly start?: number;
  readonly ppid?: number;
  readonly parentStart?: number;
  readonly execId?: number;
  readonly comm?: string;
  readonly at?: number;
}

function who({
  pid,
  start = pid,
  ppid = 1,
  parentStart = ppid,
  execId = 2,
  comm = 'x',
  at = 0,
}: Who) {
  return {
    time: timeAt(at),
    pid,
    tid: pid,
    ppid,
    startTime: String(start),
    execId,
    comm,
    parentComm: 'sh',
    processId: `b-${pid}-${start}-${execId}`,
    parentProcessId: `b-${ppid}-${parentStart}-1`,
  };
}

export function execLine(of: Who, more: object = {}): string {
  const { comm = 'x' } = of;
  const what = { filename: `/bin/${comm}`, argv: [comm], argvTruncated: false, uid: 0, gid: 0 };
  return JSON.stringify({ event: 'exec', ...who(of), ...what, ...more });
}

/** `at` is its end. */
export function exitLine(of: Who, more: object = {}): string {
  const { comm = 'x', at = 0, pid, start = pid } = of;
  const what = { filename: `/bin/${comm}`, argv: [comm], argvTruncated: false, uid: 0 };
  const how = { exitCode: 0, signal: null, coreDumped: false, lifetimeNs: String(at - start) };
  return JSON.stringify({ event: 'exit', ...who(of), ...what, ...how, ...more });
}

export function forkLine(of: Who, childPid: number, more: object = {}): string {
  const what = { childPid, childStartTime: String(of.at ?? childPid), uid: 0 };
  return JSON.stringify({ event: 'fork', ...who(of), ...what, ...more });
}

export function failureLine(of: Who, more: object = {}): string {
  const what = { error: 'ENOENT', filename: '/nowhere', argv: ['nowhere', 'x y'], uid: 0, gid: 0 };
  return JSON.stringify({ event: 'failed-exec', ...who(of), ...what, ...more });
}

export function lostLine(count: number, at = 0): string {
  return JSON.stringify({ event: 'lost', time: timeAt(at), count });
}
