/**
 * From a pprof location to frames, in any file: functions that were inlined there, callers first, or
 * one frame that says where the code is when nobody knows its name. Ids are 64 bits wide, and some
 * profilers use all of them.
 */

import type { MemoryBudget } from '../memory-budget.ts';
import type { FrameKind, ProfileFrame, ProfileMapping } from '../profile.ts';
import { placeOf } from '../source-place.ts';
import {
  fileOffset,
  isKernelAddress,
  isKernelObject,
  isUnnamed,
  unnamed,
} from '../unnamed-code.ts';
import type { Integer } from '../wire.ts';
import { KERNEL_MAPPING } from './encode.ts';
import type { PprofLocation, PprofMapping, PprofMessage } from './messages.ts';

const LOST: readonly ProfileFrame[] = [{ name: '[unknown]', kind: 'unresolved' }];

/** The frames at each location of a file, by its id. */
export function frameReader(
  message: PprofMessage,
  text: (index: Integer) => string,
  budget: MemoryBudget,
): (location: Integer) => readonly ProfileFrame[] {
  const functions = new Map(message.function.map((entry) => [entry.id, entry]));
  const mappings = new Map(
    message.mapping.map((entry) => [
      entry.id,
      { object: text(entry.filename) || undefined, mapping: mappingOf(entry, text(entry.buildId)) },
    ]),
  );
  const read = (location: PprofLocation): readonly ProfileFrame[] => {
    const { object, mapping } = mappings.get(location.mappingId) ?? {};
    const address = BigInt(location.address);
    const isKernel = isKernelObject(object) || isKernelAddress(address);
    const nameless = () => unnamed(object, isKernel ? address : fileOffset(address, mapping));
    const place = address === 0n ? {} : { address, mapping };
    const found = location.line.map(({ functionId, line }) => {
      const entry = functions.get(functionId);
      const name = entry && (text(entry.name) || text(entry.systemName));
      return {
        ...frameOf(name || nameless(), object, isKernel),
        ...placeOf(entry && text(entry.filename), Number(line)),
      };
    });
    if (found.length === 0) found.push(frameOf(nameless(), object, isKernel));
    // The line of the innermost function comes first.
    return found.reverse().map((frame, depth) => {
      budget.frame(frame);
      return depth === 0 ? { ...frame, ...place } : { ...frame, inlined: true };
    });
  };
  const frames = new Map(message.location.map((location) => [location.id, read(location)]));
  return (location) => frames.get(location) ?? LOST;
}

function mappingOf(entry: PprofMapping, buildId: string): ProfileMapping {
  return {
    start: BigInt(entry.memoryStart),
    limit: BigInt(entry.memoryLimit),
    fileOffset: BigInt(entry.fileOffset),
    ...(buildId === '' ? {} : { buildId }),
  };
}

function frameOf(name: string, object: string | undefined, isKernel: boolean): ProfileFrame {
  if (isKernel && (object === undefined || object === KERNEL_MAPPING))
    return { name, kind: 'kernel' };
  if (isKernel && object !== undefined)
    return { name, kind: 'kernel', object: object.replace(/^\[([^\]]+)\]$/, '$1') };
  const kind: FrameKind = isUnnamed(name) ? 'unresolved' : 'user';
  return object === undefined ? { name, kind } : { name, kind, object };
}
