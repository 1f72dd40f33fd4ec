/**
 * Frames to functions: each object is asked once for all frames of a collection that lie in it, and
 * so is the kernel; the perf map of a process says what its generated code is. What has no name keeps
 * its object and offset, and the reason. Objects are read one after the other, those that anybody can
 * make last, and none is begun when the time for all is over: naming ends, whatever runs on the host.
 * A few are asked for at a time: on a busy host an answer takes longer to come than to find.
 */

import { closeSync } from 'node:fs';
import { type ProfileFrame, withoutTier } from '@waggle/formats';
import type { Frame } from '../frames/frame-table.ts';
import { TRUNCATED_FRAME } from '../frames/synthetic-frames.ts';
import type { UnnamedReason, UnresolvedFrame } from '../frames/unresolved-frame.ts';
import type { JitImage } from '../mappings/jit-image.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import { holdsItsContent, type ObjectFiles, VDSO } from '../mappings/object-files.ts';
import { KnownFunctions } from './known-functions.ts';
import {
  type FunctionsResponse,
  leftOut,
  type SymbolizationRequest,
  type UnnamedCode,
} from './protocol.ts';
import { inReadingOrder } from './reading-order.ts';
import type { SymbolizationClient } from './symbolization-client.ts';

/** The functions of one frame, root first: its own, and those inlined where it is. */
export type Functions = readonly ProfileFrame[];

type KernelFrame = Extract<Frame, { kind: 'kernel' }>;
type UserFrame = Extract<Frame, { kind: 'user' }>;

/** A frame, and its place in what was asked for. */
interface Wanted<F extends Frame> {
  readonly frame: F;
  readonly index: number;
}

/** Frames of one object, and those of them that have no names yet. */
interface PartlyNamed {
  readonly wanted: readonly Wanted<UserFrame>[];
  readonly rest: readonly Wanted<UserFrame>[];
}

/** As both glibc and musl call it on x86_64: sigreturn(2). */
const SIGNAL_RETURN = '__restore_rt';

/** Stands for the object of generated code. */
const JIT = '[jit]';

/** How long naming may take, in ms. */
interface NamingTime {
  /** Of all objects. */
  readonly all: number;
  /** When no object is begun any more whose file is another user's: see reading-order.ts. */
  readonly others: number;
}

/** Objects that were left out since the start, by collection. */
export interface UnreadObjects {
  readonly tooLarge: number;
  readonly unfinished: number;
  /** Their file systems did not answer. */
  readonly unanswered: number;
}

/** A browser with all of its names takes some seconds, and all of a desktop's libraries as many. */
const NAMING_TIME: NamingTime = { all: 30_000, others: 10_000 };
/** Of objects whose names took too long, which are not tried again. */
const MAX_REMEMBERED = 10_000;
const ASKED_AT_ONCE = 16;

export class Symbolizer {
  readonly #tooSlow = new Set<string>();
  readonly #known = new KnownFunctions();
  #tooLarge = 0;
  #unfinished = 0;
  #unanswered = 0;
  /** Since renewTime(), in ms, by namings that have ended. */
  #spent = 0;
  #namings = 0;
  /** When the first of those that go on now began. */
  #busySince = 0;

  readonly #reader: SymbolizationClient;
  readonly #files: Pick<ObjectFiles, 'reopen' | 'placeOf'>;
  readonly #time: NamingTime;

  constructor(
    reader: SymbolizationClient,
    files: Pick<ObjectFiles, 'reopen' | 'placeOf'>,
    time = NAMING_TIME,
  ) {
    this.#reader = reader;
    this.#files = files;
    this.#time = time;
  }

  /** A collection begins, which may take all of the time. */
  renewTime(): void {
    this.#spent = 0;
    this.#busySince = performance.now();
  }

  get unread(): UnreadObjects {
    const tooLarge = this.#tooLarge;
    const unfinished = this.#unfinished;
    const unanswered = this.#unanswered;
    return { tooLarge, unfinished, unanswered };
  }

  /**
   * The functions of each frame. Generated code is looked up at once, the rest later: a few objects at a
   * time, so that others can ask in between.
   * @param named told of each frame of an object once nothing more is read for it, before all have their names
   */
  async functionsOf(
    frames: readonly Frame[],
    named: (index: number, functions: Functions) => void = () => {},
  ): Promise<readonly Functions[]> {
    const found = new Array<Functions>(frames.length).fill(UNMAPPED);
    const kernel: Wanted<KernelFrame>[] = [];
    const objects = new Map<string, Wanted<UserFrame>[]>();
    frames.forEach((frame, index) => {
      switch (frame.kind) {
        case 'kernel':
          kernel.push({ frame, index });
          return;
        case 'unmapped':
          return;
        case 'named':
          found[index] = frame.functions;
          return;
        case 'interpreted':
          found[index] = [interpretedFunction(frame)];
          return;
        case 'uninterpreted':
          found[index] = UNINTERPRETED;
          return;
        case 'truncated':
          found[index] = TRUNCATED;
          return;
        case 'synthetic':
          found[index] = [{ name: frame.name, kind: 'process' }];
          return;
        case 'jit':
          found[index] = generatedFunctions(frame);
          return;
        case 'user': {
          const known = objects.get(frame.object.key);
          if (known === undefined) objects.set(frame.object.key, [{ frame, index }]);
          else known.push({ frame, index });
        }
      }
    });
    await this.#nameKernel(kernel, found);
    const unknown = [...objects.values()].flatMap((wanted) => {
      const rest = this.#withoutKnown(wanted, found);
      if (rest.length === 0) for (const { index } of wanted) named(index, found[index] ?? UNMAPPED);
      return rest.length === 0 ? [] : [{ wanted, rest }];
    });
    await this.#nameObjects(unknown, found, named);
    return found;
  }

  async #nameKernel(wanted: readonly Wanted<KernelFrame>[], found: Functions[]) {
    const unknown = wanted.filter(({ frame, index }) => {
      const known = this.#known.ofKernel(frame);
      if (known !== undefined) found[index] = [known];
      return known === undefined;
    });
    if (unknown.length === 0) return;
    const places = unknown.map(({ frame: { address, isReturn } }) => ({ address, isReturn }));
    const { functions } = await this.#reader.ask({ kind: 'kernel-functions', places });
    unknown.forEach(({ frame, index }, at) => {
      const named = functions[at];
      if (named === undefined) return;
      found[index] = [named];
      this.#known.addKernel(frame, named);
    });
  }

  /** Of one object: names those that were named before, and returns the others. */
  #withoutKnown(wanted: readonly Wanted<UserFrame>[], found: Functions[]): Wanted<UserFrame>[] {
    const object = objectOf(wanted);
    if (!KnownFunctions.keeps(object)) return [...wanted];
    const answers = wanted.map(({ frame }) => this.#known.of(object, frame));
    const isAny = answers.some((answer) => answer !== undefined);
    if (!isAny || !holdsItsContent(object)) return [...wanted];
    return wanted.filter(({ frame, index }, at) => {
      const answer = answers[at];
      if (isNamed(answer)) found[index] = answer;
      else if (answer !== undefined)
        found[index] = [unnamedFunction(frame, reasonOf(object), answer)];
      return answer === undefined;
    });
  }

  async #nameObjects(
    objects: readonly PartlyNamed[],
    found: Functions[],
    named: (index: number, functions: Functions) => void,
  ) {
    if (objects.length === 0) return;
    const waiting = inReadingOrder(objects, ({ wanted }) => objectOf(wanted)).values();
    const nameOn = async () => {
      for (const { item, isOthers } of waiting) {
        await this.#nameObject(item.rest, found, () => this.#msLeft(isOthers));
        for (const { index } of item.wanted) named(index, found[index] ?? UNMAPPED);
      }
    };
    if (this.#namings++ === 0) this.#busySince = performance.now();
    const ends = await Promise.allSettled(Array.from({ length: ASKED_AT_ONCE }, nameOn));
    if (--this.#namings === 0) this.#spent += performance.now() - this.#busySince;
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  #msLeft(isOthers: boolean): number {
    const going = this.#namings > 0 ? performance.now() - this.#busySince : 0;
    return (isOthers ? this.#time.others : this.#time.all) - this.#spent - going;
  }

  async #nameObject(
    wanted: readonly Wanted<UserFrame>[],
    found: Functions[],
    msLeft: () => number,
  ) {
    const object = objectOf(wanted);
    const { functions, left } = await this.#ask(wanted, object, msLeft);
    const reason = reasonOf(object);
    const isKept = left === undefined && KnownFunctions.keeps(object);
    let without = 0;
    wanted.forEach(({ frame, index }, at) => {
      const answer = functions[at];
      if (isKept) this.#known.add(object, frame, answer);
      if (isNamed(answer)) found[index] = answer;
      else {
        const place = answer ?? this.#placeOf(frame);
        found[index] = [unnamedFunction(frame, left ?? reason, place)];
        without++;
      }
    });
    if (left === undefined || without === 0) return;
    if (left === 'too-large') this.#tooLarge++;
    else if (left === 'unanswered') this.#unanswered++;
    else this.#unfinished++;
  }

  /** Of code in a file that is not to be had any more, as far as it was looked at before. */
  #placeOf({ object, offset, isReturn }: UserFrame): UnnamedCode {
    return {
      functionOffset: undefined,
      ...this.#files.placeOf(object, isReturn ? offset - 1 : offset),
    };
  }

  async #ask(
    wanted: readonly Wanted<UserFrame>[],
    object: ObjectFile,
    msLeft: () => number,
  ): Promise<FunctionsResponse> {
    const places = wanted.map(({ frame: { offset, isReturn } }) => ({ offset, isReturn }));
    const request = { kind: 'functions', object, places } as const;
    if (this.#tooSlow.has(object.key)) return leftOut(request, 'too-large');
    if (msLeft() <= 0) return leftOut(request, 'unfinished');
    const answer = await this.#askOpen(request, msLeft);
    if (answer.isSlow === true && this.#tooSlow.size < MAX_REMEMBERED)
      this.#tooSlow.add(object.key);
    return answer;
  }

  /** A file that was not held open may be there still. */
  async #askOpen(
    request: Extract<SymbolizationRequest, { kind: 'functions' }>,
    msLeft: () => number,
  ): Promise<FunctionsResponse> {
    const fd = this.#files.reopen(request.object);
    if (fd === undefined) return this.#reader.ask(request, msLeft);
    const object: ObjectFile = { ...request.object, fd, missing: undefined };
    try {
      return await this.#reader.ask({ ...request, object }, msLeft);
    } finally {
      closeSync(fd);
    }
  }
}

const UNMAPPED: readonly UnresolvedFrame[] = [
  { name: '[unknown]', kind: 'unresolved', reason: 'unmapped' },
];

const UNINTERPRETED: readonly UnresolvedFrame[] = [
  { name: '[interpreted]', kind: 'unresolved', reason: 'no-code-name' },
];

function interpretedFunction({
  code: { name, object, file },
  line,
  isInlined,
}: Extract<Frame, { kind: 'interpreted' }>): ProfileFrame {
  return {
    ...{ name, kind: 'user', object },
    ...(file !== '' && { file }),
    ...(line !== undefined && { line }),
    ...(isInlined && { inlined: true }),
  };
}

const TRUNCATED: Functions = [{ name: TRUNCATED_FRAME, kind: 'user' }];

function generatedFunctions(frame: Extract<Frame, { kind: 'jit' }>): Functions {
  const { code, address, time, isReturn, isMapped, isInherited } = frame;
  // Else of code that was described since it was sampled.
  const at = isReturn ? address - 1 : address;
  const name = frame.name ?? code.lookup(at, time, isInherited)?.name;
  if (name !== undefined)
    return [{ name: withoutTier(name), kind: 'user', object: JIT, address: BigInt(at) }];
  return isMapped ? [unnamedGenerated(address, code)] : UNMAPPED;
}

function unnamedGenerated(address: number, code: JitImage): UnresolvedFrame {
  const { runtime } = code;
  return {
    name: `[jit+0x${address.toString(16)}]`,
    kind: 'unresolved',
    object: JIT,
    reason: reasonOfGenerated(code),
    runtime,
    address: BigInt(address),
  };
}

function reasonOfGenerated({ writesDump, isDescribed }: JitImage): UnnamedReason {
  if (writesDump) return 'not-yet-in-jitdump';
  return isDescribed ? 'not-in-perf-map' : 'no-perf-map';
}

/** All frames that are wanted together lie in one. */
function objectOf(wanted: readonly Wanted<UserFrame>[]): ObjectFile {
  return (wanted[0] as Wanted<UserFrame>).frame.object;
}

function isNamed(answer: FunctionsResponse['functions'][number]): answer is Functions {
  return Array.isArray(answer);
}

/** All code of one function has one name, that of where it begins: else each address would have its own. */
function unnamedFunction(
  { object, offset, isSignalReturn }: UserFrame,
  reason: UnnamedReason,
  { functionOffset, ...place }: UnnamedCode,
): ProfileFrame | UnresolvedFrame {
  // Local to the C library, and so not in what stripping leaves.
  if (isSignalReturn) return { name: SIGNAL_RETURN, kind: 'user', object: object.path, ...place };
  const name = `[${baseName(object.path)}+0x${(functionOffset ?? offset).toString(16)}]`;
  return { name, kind: 'unresolved', object: object.path, reason, ...place };
}

function reasonOf(object: ObjectFile): UnnamedReason {
  if (object.missing !== undefined) return object.missing;
  if (!holdsItsContent(object)) return 'changed';
  return object.path === VDSO || object.fd !== undefined ? 'no-symbols' : 'no-file';
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  // [vdso] and //anon: the brackets are ours to add.
  return name.replace(/^\[(.*)\]$/, '$1') || 'memory';
}
