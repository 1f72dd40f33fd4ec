/**
 * What native frames are to interpreters, of stacks that are walked in userspace. What a file holds is asked by its
 * state, a system call: it is kept for a few walks.
 */

import type { ObjectFile } from '../mappings/object-file.ts';
import type { InterpreterDescription } from './interpreter.ts';
import type { NativeRole } from './merged-frames.ts';

type InterpreterOf = (object: ObjectFile) => InterpreterDescription | undefined;

export class NativeRoles {
  readonly #recent = new Map<ObjectFile, InterpreterDescription | undefined>();
  readonly #interpreterOf: InterpreterOf;

  constructor(interpreterOf: InterpreterOf) {
    this.#interpreterOf = interpreterOf;
  }

  of(object: ObjectFile, fileOffset: number): NativeRole {
    if (!this.#recent.has(object)) this.#recent.set(object, this.#interpreterOf(object));
    const interpreter = this.#recent.get(object);
    if (interpreter === undefined) return 'other';
    const { evaluation } = interpreter;
    const isIn = evaluation.some(({ start, end }) => fileOffset >= start && fileOffset < end);
    return isIn ? 'evaluation' : 'interpreter';
  }

  forget(): void {
    this.#recent.clear();
  }
}
