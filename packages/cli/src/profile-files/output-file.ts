/**
 * Writes an output whole or not at all: into a file of another name beside it, which takes its place in
 * one step. What was there before stays until then, and stays where the disk is full.
 */

import { constants, fchmodSync, fchownSync, unlinkSync } from 'node:fs';
import process from 'node:process';
import { sudoCaller } from '@waggle/ffi';
import {
  type HeldPlace,
  holdPlace,
  inWords,
  NEW_FILE,
  type OutputPlace,
  temporaryName,
} from './output-place.ts';

export interface OutputFileOptions {
  /** It holds what only its owner is to read (a command's arguments): mode 0600. */
  readonly isPrivate?: boolean | undefined;
}

/** Not before something is written: it takes Bun 3 ms to load, which each start would pay. */
const promises = () => import('node:fs/promises');

/** A file that could not be written, in words. */
export class OutputFailed extends Error {
  override readonly name = 'OutputFailed';
}

/** @throws OutputFailed */
export async function writeOutputFile(
  path: string,
  content: string | Uint8Array,
  { isPrivate = false }: OutputFileOptions = {},
): Promise<void> {
  const held = holdPlace(path);
  if (typeof held === 'string') throw new OutputFailed(held);
  try {
    if (held.place.isStream) await writeStream(held, content);
    else await replaceFile(held, content, isPrivate);
  } catch (error) {
    if (error instanceof OutputFailed) throw error;
    throw new OutputFailed(inWords(path, error));
  } finally {
    held[Symbol.dispose]();
  }
}

async function writeStream(held: HeldPlace, content: string | Uint8Array): Promise<void> {
  const { open } = await promises();
  const file = await open(held.streamPath(), constants.O_WRONLY);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

async function replaceFile(
  held: HeldPlace,
  content: string | Uint8Array,
  isPrivate: boolean,
): Promise<void> {
  const { place } = held;
  const temporary = temporaryName(place.name);
  const { open } = await promises();
  const file = await open(held.entry(temporary), NEW_FILE, 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    settle(file.fd, place, isPrivate);
  } catch (error) {
    unlinkSync(held.entry(temporary));
    throw error;
  } finally {
    await file.close();
  }
  try {
    held.take(temporary);
  } catch (error) {
    // It is whole: lost it shall not be.
    throw new OutputFailed(
      `${inWords(place.path, error)}; what was to be there is in ${place.directory}/${temporary}`,
    );
  }
}

/** Owner and mode that a file has once it is in its place. @throws NodeJS.ErrnoException. */
export function settle(fd: number, place: OutputPlace, isPrivate: boolean): void {
  giveToOwner(fd, place);
  fchmodSync(fd, modeOf(place, isPrivate));
}

/** A file that is replaced keeps its mode; private ones are their owner's alone. */
function modeOf({ existing }: OutputPlace, isPrivate: boolean): number {
  const usual = existing === undefined ? 0o666 & ~process.umask() : existing.mode & 0o777;
  return isPrivate ? usual & 0o600 : usual;
}

/** A file that is replaced keeps its owner; with sudo, what lies in the caller's folder is the caller's. */
export function giveToOwner(fd: number, { directoryUid, existing }: OutputPlace): void {
  if (process.geteuid?.() !== 0) return;
  const caller = sudoCaller();
  if (existing !== undefined) fchownSync(fd, existing.uid, existing.gid);
  else if (caller !== undefined && directoryUid === caller.uid)
    fchownSync(fd, caller.uid, caller.gid);
}
