/**
 * How objects say what `console.log` shows of them. Node and Bun look up one well-known symbol,
 * Deno another with its arguments the other way round. Both are registered symbols, so nothing
 * has to be imported from a runtime.
 */

export type InspectFunction = (value: unknown, options?: object) => string;

/** Method `(depth, options, inspect) => string`, honoured by Node, Bun and node:util in Deno. */
export const nodeInspect: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/** Method `(inspect, options) => string`, honoured by Deno. */
export const denoInspect: unique symbol = Symbol.for('Deno.customInspect') as never;
