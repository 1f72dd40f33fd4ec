/** What a person calls a method of Java: `package.Class.method`. */

/** Where a hidden class is, or its number: `+0x0000…` since 15, `/0x…` or `/123…` before. */
const HIDDEN = /[+/](?:0x[\da-f]+|\d+)$/;
/** The count of lambdas of a class. */
const NUMBERED_LAMBDA = /\$\$Lambda\$\d+$/;

/** @param owner as class files have it: `java/lang/String` */
export function javaName(owner: string, name: string): string {
  const plain = owner.replace(HIDDEN, '').replace(NUMBERED_LAMBDA, '$$$$Lambda');
  return `${plain.replaceAll('/', '.')}.${name}`;
}
