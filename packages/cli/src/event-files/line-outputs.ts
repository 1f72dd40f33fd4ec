/** Outputs that grow by bytes: JSON lines, CSV, Perfetto's packets. Into a pipe or a terminal they go as they are. */

import { closeSync, constants, openSync } from 'node:fs';
import { CSV_HEADER, csvRow, PerfettoEvents } from '@waggle/timeline';
import { OutputFailed } from '../profile-files/output-file.ts';
import { type HeldPlace, inWords } from '../profile-files/output-place.ts';
import { Output } from '../terminal/output.ts';
import type { EventLines } from './event-lines.ts';
import type { EventOutput } from './event-output.ts';
import { growingPlace, PartialFile } from './partial-file.ts';
import { RotatingFile, type Rotation } from './rotating-file.ts';

type Encode = (lines: EventLines) => Uint8Array;

interface GrowingFile extends Pick<EventOutput, 'pieces'> {
  append(bytes: Uint8Array): void | Promise<void>;
  finish(): void;
  giveUp(): string;
  discard(): void;
}

const encoder = new TextEncoder();

/** @throws OutputFailed */
export function jsonLinesOutput(path: string, rotation?: Rotation): EventOutput {
  return bytesOutput(path, new Uint8Array(), ({ bytes }) => bytes, rotation);
}

/** @throws OutputFailed */
export function csvOutput(path: string, rotation?: Rotation): EventOutput {
  const encode: Encode = ({ events }) => encoder.encode(events.map(csvRow).join(''));
  return bytesOutput(path, encoder.encode(CSV_HEADER), encode, rotation);
}

/** @throws OutputFailed */
export function perfettoOutput(path: string): EventOutput {
  const perfetto = new PerfettoEvents();
  const encode: Encode = ({ events }) => {
    for (const event of events) perfetto.add(event);
    return perfetto.take();
  };
  return bytesOutput(path, new Uint8Array(), encode);
}

function bytesOutput(
  path: string,
  header: Uint8Array,
  encode: Encode,
  rotation?: Rotation,
): EventOutput {
  const file = growingFile(path, header, rotation);
  let events = 0;
  return {
    path,
    get events() {
      return events;
    },
    get pieces() {
      return file.pieces;
    },
    write(lines) {
      const written = file.append(encode(lines));
      if (written !== undefined)
        return written.then(() => {
          events += lines.count;
        });
      events += lines.count;
    },
    finish: () => file.finish(),
    giveUp: () => file.giveUp(),
    discard: () => file.discard(),
  };
}

function growingFile(
  path: string,
  header: Uint8Array,
  rotation: Rotation | undefined,
): GrowingFile {
  const held = growingPlace(path);
  if (held.place.isStream && rotation === undefined) return stream(held, header);
  if (held.place.isStream) {
    held[Symbol.dispose]();
    throw new OutputFailed(`${path} is no file: --rotate has nothing to begin anew`);
  }
  if (rotation !== undefined) return new RotatingFile(held, rotation, header);
  return PartialFile.begin(held, header);
}

/** Who reads it is waited for; who goes away has read enough. */
function stream(held: HeldPlace, header: Uint8Array): GrowingFile {
  const { path } = held.place;
  let fd: number;
  try {
    fd = openSync(held.streamPath(), constants.O_WRONLY);
  } catch (error) {
    throw new OutputFailed(inWords(path, error));
  } finally {
    held[Symbol.dispose]();
  }
  const output = new Output(fd);
  let isBegun = header.length === 0;
  return {
    async append(bytes) {
      if (!isBegun) await output.writeBytes(header);
      isBegun = true;
      await output.writeBytes(bytes);
    },
    finish: () => closeSync(fd),
    giveUp() {
      closeSync(fd);
      return path;
    },
    discard: () => closeSync(fd),
  };
}
