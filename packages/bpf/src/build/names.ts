/** Names of C as TypeScript has them. */

/** Words that a constant cannot be called (ECMAScript, ReservedWord, and those of strict mode). */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export ' +
    'extends false finally for function if implements import in instanceof interface let new null package ' +
    'private protected public return static super switch this throw true try typeof undefined var void while with yield'
  ).split(' '),
);

/** Of a struct, an enum or an object. */
export function constantName(name: string): string {
  const camel = camelCase(name);
  return RESERVED.has(camel) ? `${camel}_` : camel;
}

/** What a reader has beside its fields. */
const TAKEN: ReadonlySet<string> = new Set([
  'view',
  'bytes',
  'offset',
  'at',
  'copy',
  'constructor',
]);

/** Of a field, without the name of the member that the struct begins with: its fields are inherited. */
export function propertyName(name: string, base?: string): string {
  const own = base === undefined ? name : name.replace(`${base}.`, '');
  const property = camelCase(own.replaceAll('.', '_'));
  return TAKEN.has(property) ? `${property}Field` : property;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
