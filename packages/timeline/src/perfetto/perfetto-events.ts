/**
 * Events as a trace for Perfetto: a track for each process under its parent's, a slice for each image that it
 * ran, an instant for each failed exec. Not compressed, and written packet by packet, so that what there is
 * of a file can be read. What is remembered are processes that live, and of these only so many.
 */

import { commandLine } from '@waggle/text';
import { WireWriter } from '@waggle/text/wire';
import type { RecordedEvent } from '../events/recorded-event.ts';
import { BootClock } from '../processes/boot-clock.ts';
import {
  ANNOTATION,
  CLOCK,
  CLOCK_ID,
  CLOCK_SNAPSHOT,
  EVENT_TYPE,
  PACKET,
  PROCESS_DESCRIPTOR,
  PROCESS_TREE,
  TRACE,
  TRACK_DESCRIPTOR,
  TRACK_EVENT,
  TREE_PROCESS,
} from './fields.ts';

/** A host has fewer; what is forgotten is described again. */
const MAX_REMEMBERED = 100_000;
const MAX_INT64 = (1n << 63n) - 1n;
/** One writer, one sequence. */
const SEQUENCE = 1;

interface Who {
  readonly pid: number;
  readonly startTime: string;
  readonly comm: string;
}

type Annotations = Readonly<Record<string, string | number | bigint | boolean | null>>;

export class PerfettoEvents {
  readonly #writer = new WireWriter();
  readonly #clock = new BootClock();
  /** Processes whose track is described, with when the slice began that is open on it. */
  #tracks = new Map<bigint, bigint | undefined>();
  #isBegun = false;

  /** The packets of an event. */
  add(event: RecordedEvent): void {
    const place = this.#clock.placeOf(event);
    const time = (this.#clock.beganAt ?? 0n) + BigInt(Math.round(place));
    if (!this.#isBegun) this.#begin(time);
    switch (event.event) {
      case 'fork': {
        const parent = this.#trackOf(event, time, event.parentProcessId);
        if (event.childStartTime === null) return;
        const child = { pid: event.childPid, startTime: event.childStartTime, comm: event.comm };
        const track = this.#describe(child, time, event.pid, parent, event.uid);
        this.#slice(EVENT_TYPE.sliceBegin, track, time, event.comm, 'fork');
        this.#tracks.set(track, time);
        return;
      }
      case 'exec': {
        const track = this.#describe(
          event,
          time,
          event.ppid,
          parentTrack(event.parentProcessId),
          event.uid,
          event.argv,
        );
        const began = this.#afterSlice(track, time);
        if (this.#tracks.get(track) !== undefined) this.#slice(EVENT_TYPE.sliceEnd, track, began);
        this.#slice(EVENT_TYPE.sliceBegin, track, began, event.comm, 'exec', {
          filename: event.filename,
          argv: lineOf(event),
          cwd: event.cwd,
          interpreter: event.interpreter,
          uid: event.uid,
          gid: event.gid,
          container: event.containerId,
        });
        this.#tracks.set(track, began);
        return;
      }
      case 'failed-exec': {
        const track = this.#trackOf(event, time, event.parentProcessId);
        const name = `${event.error}: ${event.filename ?? '?'}`;
        this.#slice(EVENT_TYPE.instant, track, time, name, 'failed-exec', {
          error: event.error,
          filename: event.filename,
          argv: lineOf(event),
        });
        return;
      }
      case 'exit': {
        const track = this.#trackOf(event, time, event.parentProcessId, event.argv);
        // Neither its fork nor an exec was recorded.
        if (this.#tracks.get(track) === undefined) {
          const began = time - BigInt(event.lifetimeNs);
          const annotations = { filename: event.filename, argv: lineOf(event) };
          this.#slice(EVENT_TYPE.sliceBegin, track, began, event.comm, 'process', annotations);
        }
        this.#slice(
          EVENT_TYPE.sliceEnd,
          track,
          this.#afterSlice(track, time),
          undefined,
          undefined,
          {
            exitCode: event.exitCode,
            signal: event.signal,
            coreDumped: event.coreDumped,
            majorFaults: event.majorFaults,
            voluntarySwitches: event.voluntarySwitches,
            involuntarySwitches: event.involuntarySwitches,
            ...wide({
              lifetimeNs: event.lifetimeNs,
              userNs: event.userNs,
              systemNs: event.systemNs,
              maxRssBytes: event.maxRssBytes,
              readBytes: event.readBytes,
              writeBytes: event.writeBytes,
            }),
          },
        );
        this.#tracks.delete(track);
        return;
      }
      default:
    }
  }

  /** The bytes of all packets since the last call. They can be written one after the other. */
  take(): Uint8Array {
    return this.#writer.take();
  }

  /**
   * Nanoseconds from the Unix epoch to boot, by the clock as it was at the first event, which is what all
   * times here go by; undefined before an exit.
   */
  get bootAt(): bigint | undefined {
    return this.#clock.bootAt;
  }

  /**
   * A slice does not end before it begins: its beginning may have been placed by a clock that was set, as
   * only the next exit tells.
   */
  #afterSlice(track: bigint, time: bigint): bigint {
    const began = this.#tracks.get(track);
    return began !== undefined && began > time ? began : time;
  }

  /** Times are those of the wall clock; Perfetto's own clock is set to it. */
  #begin(time: bigint): void {
    this.#isBegun = true;
    this.#packet(time, () =>
      this.#writer.message(PACKET.clockSnapshot, () => {
        for (const id of [CLOCK_ID.boottime, CLOCK_ID.realtime])
          this.#writer.message(CLOCK_SNAPSHOT.clocks, () => {
            this.#writer.integer(CLOCK.id, id);
            this.#writer.integer(CLOCK.timestamp, time);
          });
      }),
    );
  }

  /** The track of a process, described where it is not yet. */
  #trackOf(
    who: Who & { readonly ppid: number | null; readonly uid: number | null },
    time: bigint,
    parentId: string | null,
    argv: readonly string[] | null = null,
  ): bigint {
    const track = trackOf(who.pid, who.startTime);
    if (this.#tracks.has(track)) return track;
    return this.#describe(who, time, who.ppid, parentTrack(parentId), who.uid, argv);
  }

  #describe(
    { pid, startTime, comm }: Who,
    time: bigint,
    ppid: number | null,
    parent: bigint | undefined,
    uid: number | null,
    argv: readonly string[] | null = null,
  ): bigint {
    const track = trackOf(pid, startTime);
    const writer = this.#writer;
    if (!this.#tracks.has(track)) {
      if (this.#tracks.size >= MAX_REMEMBERED) this.#tracks = new Map();
      this.#tracks.set(track, undefined);
    }
    this.#packet(time, () =>
      writer.message(PACKET.trackDescriptor, () => {
        writer.integer(TRACK_DESCRIPTOR.uuid, track);
        if (parent !== undefined) writer.integer(TRACK_DESCRIPTOR.parentUuid, parent);
        writer.message(TRACK_DESCRIPTOR.process, () => {
          writer.integer(PROCESS_DESCRIPTOR.pid, pid);
          writer.text(PROCESS_DESCRIPTOR.name, comm);
          for (const word of argv ?? []) writer.text(PROCESS_DESCRIPTOR.cmdline, word);
        });
      }),
    );
    this.#packet(time, () =>
      writer.message(PACKET.processTree, () =>
        writer.message(PROCESS_TREE.processes, () => {
          writer.integer(TREE_PROCESS.pid, pid);
          if (ppid !== null) writer.integer(TREE_PROCESS.ppid, ppid);
          for (const word of argv ?? [comm]) writer.text(TREE_PROCESS.cmdline, word);
          if (uid !== null && uid <= 0x7fff_ffff) writer.integer(TREE_PROCESS.uid, uid);
        }),
      ),
    );
    return track;
  }

  #slice(
    type: number,
    track: bigint,
    time: bigint,
    name?: string,
    category?: string,
    annotations: Annotations = {},
  ): void {
    const writer = this.#writer;
    this.#packet(time, () =>
      writer.message(PACKET.trackEvent, () => {
        writer.integer(TRACK_EVENT.type, type);
        writer.integer(TRACK_EVENT.trackUuid, track);
        if (category !== undefined) writer.text(TRACK_EVENT.categories, category);
        if (name !== undefined) writer.text(TRACK_EVENT.name, name);
        for (const [key, value] of Object.entries(annotations))
          if (value !== null)
            writer.message(TRACK_EVENT.annotations, () => {
              writer.text(ANNOTATION.name, key);
              if (typeof value === 'string') writer.text(ANNOTATION.string, value);
              else if (typeof value === 'boolean') writer.integer(ANNOTATION.bool, value ? 1 : 0);
              else writer.integer(ANNOTATION.int, value);
            });
      }),
    );
  }

  #packet(time: bigint, write: () => void): void {
    const writer = this.#writer;
    writer.message(TRACE.packet, () => {
      writer.integer(PACKET.timestamp, time < 0n ? 0n : time);
      writer.integer(PACKET.sequence, SEQUENCE);
      write();
    });
  }
}

/**
 * A number for a process that does not come again: pids do, but not with the same start. Mixed by Fibonacci
 * hashing, so that nothing has to be remembered.
 */
function trackOf(pid: number, startTime: string): bigint {
  const mixed = BigInt(startTime) * 0x9e37_79b9_7f4a_7c15n + (BigInt(pid) << 40n) + BigInt(pid);
  // 0 is Perfetto's own track.
  return BigInt.asUintN(64, mixed) || 1n;
}

/** By `BOOT-PID-START-EXEC`. */
function parentTrack(id: string | null): bigint | undefined {
  const match = /-(\d{1,10})-(\d{1,20})-\d+$/.exec(id ?? '');
  return match === null ? undefined : trackOf(Number(match[1]), match[2] ?? '0');
}

function lineOf({
  argv,
  argvTruncated,
}: {
  readonly argv: readonly string[] | null;
  readonly argvTruncated: boolean | null;
}): string | null {
  return argv === null ? null : commandLine(argv, { goesOn: argvTruncated === true });
}

function wide(values: Readonly<Record<string, string | null>>): Annotations {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value === null ? null : clamped(BigInt(value)),
    ]),
  );
}

/** To what an int64 holds. */
function clamped(value: bigint): bigint {
  return value > MAX_INT64 ? MAX_INT64 : value;
}
