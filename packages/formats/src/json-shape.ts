/** Reading JSON of unknown origin: each step says what it found wrong, in the error of the format. */

import { textOf, unpacked } from './file-bytes.ts';
import { type MemoryBudget, ProfileTooLargeError, spendOnJson } from './memory-budget.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface JsonShape {
  /** The object that the file holds. */
  file(bytes: Uint8Array, budget: MemoryBudget): JsonObject;
  object(value: unknown, what: string): JsonObject;
  array(value: unknown, what: string): readonly unknown[];
}

export function jsonShape(format: string, SyntaxProblem: new (reason: string) => Error): JsonShape {
  const object = (value: unknown, what: string): JsonObject => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new SyntaxProblem(`${what} is not an object`);
    return value as JsonObject;
  };
  return {
    file(bytes, budget) {
      let value: unknown;
      try {
        const text = textOf(unpacked(bytes, budget));
        spendOnJson(text, budget);
        value = JSON.parse(text);
      } catch (error) {
        if (error instanceof ProfileTooLargeError) throw error;
        throw new SyntaxProblem(`not a ${format} file: ${(error as Error).message}`);
      }
      return object(value, 'the file');
    },
    object,
    array(value, what) {
      if (!Array.isArray(value)) throw new SyntaxProblem(`${what} is not an array`);
      return value;
    },
  };
}
