/**
 * The environment of a process, which is where secrets live. Names print, values do not: every
 * way of printing this object shows names only, and a value is had by asking for it by name, or
 * for all of them with `reveal()`.
 */
import { denoInspect, type InspectFunction, nodeInspect } from './inspect.ts';

export class Environ {
  readonly #variables: ReadonlyMap<string, string>;

  constructor(variables: ReadonlyMap<string, string>) {
    this.#variables = variables;
  }

  get size(): number {
    return this.#variables.size;
  }

  get(name: string): string | undefined {
    return this.#variables.get(name);
  }

  has(name: string): boolean {
    return this.#variables.has(name);
  }

  /** In the process's own order. */
  names(): string[] {
    return [...this.#variables.keys()];
  }

  /** Every name with its value: a copy, printable like any other map. */
  reveal(): Map<string, string> {
    return new Map(this.#variables);
  }

  toJSON(): string[] {
    return this.names();
  }

  toString(): string {
    return `[Environ of ${this.size} names]`;
  }

  [nodeInspect](_depth: number, options: object, inspect: InspectFunction): string {
    return `Environ ${inspect(this.names(), options)}`;
  }

  [denoInspect](inspect: InspectFunction, options: object): string {
    return `Environ ${inspect(this.names(), options)}`;
  }
}
