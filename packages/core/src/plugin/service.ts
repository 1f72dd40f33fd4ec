/**
 * Services: what one plugin offers and another needs, named by a typed key. A key is a value with
 * a literal name, so that the compiler can tell whether a composition provides all it needs.
 */

declare const shape: unique symbol;

/** Key of a service. `Shape` exists for the compiler only. */
export interface Service<out Name extends string = string, out Shape = unknown> {
  readonly service: Name;
  readonly [shape]?: Shape;
}

/** What a plugin gets for a key. */
export type ShapeOf<S extends Service> = S extends Service<string, infer Shape> ? Shape : never;

/**
 * Makes a key: `defineService<ProcessTree>()('process-tree')`. Two calls, because TypeScript cannot
 * infer the name while the shape is given.
 */
export function defineService<Shape>() {
  return <const Name extends string>(name: Name): Service<Name, Shape> => ({ service: name });
}
