/**
 * `--group-by module`: each stack stands on the module of the innermost function of user space, what the program's own
 * language calls one: a package of Java, a module of Python, a script or package of JavaScript; of machine code the
 * file. What the kernel does counts for who called it.
 */

import type { Profile, ProfileFrame, ProfileStack } from '@waggle/formats';

const KERNEL = '[kernel]';
const UNKNOWN = '[unknown]';
/** Of classes that are in no package. */
const NO_PACKAGE = '(default package)';

export function byModule(profile: Profile): Profile {
  const stacks = profile.stacks.map((stack): ProfileStack => {
    const root: ProfileFrame = { name: moduleOfStack(stack), kind: 'process' };
    return { ...stack, frames: [root, ...stack.frames] };
  });
  return { ...profile, stacks };
}

function moduleOfStack({ frames }: ProfileStack): string {
  const innermost = frames.findLast(({ kind }) => kind === 'user' || kind === 'unresolved');
  if (innermost !== undefined) return moduleOf(innermost);
  return frames.some(({ kind }) => kind === 'kernel') ? KERNEL : UNKNOWN;
}

export function moduleOf({ name, object, file = '' }: ProfileFrame): string {
  switch (object) {
    case '[java]':
      return javaPackage(name);
    case '[python]':
      return pythonModule(file) || object;
    case '[v8]':
      return script(file) || object;
    default:
      return object?.slice(object.lastIndexOf('/') + 1) || file || UNKNOWN;
  }
}

/** Of `package.Class.method`: a name of a class, or of what is in it, has no dot of its own. */
function javaPackage(name: string): string {
  const ofClass = name.slice(0, name.lastIndexOf('.'));
  // `<init>` and `<clinit>` have none either.
  const end = ofClass.lastIndexOf('.');
  return end < 0 ? NO_PACKAGE : ofClass.slice(0, end);
}

/** As it is imported, where it is installed; else its file. `<frozen importlib._bootstrap>` is what it is. */
function pythonModule(file: string): string {
  const installed = /^.*\/(?:site-packages|dist-packages|lib\/python3\.\d+t?)\/(.+)\.pyc?$/.exec(
    file,
  );
  const inside = installed?.[1];
  if (inside === undefined) return file;
  return inside.replace(/\/__init__$/, '').replaceAll('/', '.');
}

/** A package of npm has its name, a script its path. */
function script(file: string): string {
  const inPackage = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
  return inPackage ?? file.replace(/^file:\/\//, '');
}
