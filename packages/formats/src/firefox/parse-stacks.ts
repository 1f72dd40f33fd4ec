/**
 * From the number of a stack to its frames, in any processed profile. The tables have moved over the
 * years: they and the strings were in each thread before they were shared (60 and 56), a source file
 * was the function's before it had a table (58), a caller was a row before it was a distance (66), a
 * library was the resource's before it was the frame's (70).
 */
import type { JsonObject, JsonShape } from '../json-shape.ts';
import { type MemoryBudget, REFERENCE } from '../memory-budget.ts';
import type { FrameKind, ProfileFrame } from '../profile.ts';
import { placeOf } from '../source-place.ts';
import { unnamed } from '../unnamed-code.ts';
import { CATEGORIES } from './file.ts';

/** `outermost` are frames under all others. */
type FramesOf = (stack: unknown, outermost: readonly ProfileFrame[]) => readonly ProfileFrame[];

/** An address, for which nobody found a name. */
const ADDRESS = /^0x[0-9a-f]+$/i;

export function stackReader(
  thread: JsonObject,
  root: JsonObject,
  json: JsonShape,
  SyntaxProblem: new (reason: string) => Error,
  budget: MemoryBudget,
): FramesOf {
  const shared = json.object(root.shared ?? {}, 'shared');
  const table = (name: string) => json.object(shared[name] ?? thread[name], name);
  const column = (name: string, field: string) =>
    json.array(table(name)[field], `${name}.${field}`);
  const optionalColumn = (name: string, field: string) =>
    table(name)[field] === undefined ? [] : column(name, field);

  const strings = json.array(shared.stringArray ?? thread.stringArray, 'stringArray');
  const libraries = json.array(root.libs ?? [], 'libs');
  const categories = json.array(json.object(root.meta, 'meta').categories ?? [], 'categories');
  const stackFrames = column('stackTable', 'frame');
  const prefixes = optionalColumn('stackTable', 'prefix');
  const prefixOffsets = optionalColumn('stackTable', 'prefixOffset');
  const functions = column('frameTable', 'func');
  const frameCategories = optionalColumn('frameTable', 'category');
  const frameLibraries = optionalColumn('frameTable', 'lib');
  const frameAddresses = optionalColumn('frameTable', 'address');
  const frameLines = optionalColumn('frameTable', 'line');
  const inlineDepths = optionalColumn('frameTable', 'inlineDepth');
  const names = column('funcTable', 'name');
  const fileNames = optionalColumn('funcTable', 'fileName');
  const functionSources = optionalColumn('funcTable', 'source');
  const sourceNames = shared.sources === undefined ? [] : column('sources', 'filename');
  const resources = optionalColumn('funcTable', 'resource');
  const resourceLibraries = optionalColumn('resourceTable', 'lib');
  const resourceNames = optionalColumn('resourceTable', 'name');

  const pathOf = (library: unknown): unknown => {
    const entry = libraries[Number(library ?? -1)];
    if (entry === undefined) return undefined;
    const { path, name } = json.object(entry, 'a library');
    return path ?? name;
  };
  const objectOf = (frame: number, func: number): unknown => {
    const resource = Number(resources[func] ?? -1);
    return (
      pathOf(frameLibraries[frame] ?? resourceLibraries[resource]) ??
      strings[Number(resourceNames[resource] ?? -1)]
    );
  };
  const fileOf = (func: number): string | undefined => {
    const name = fileNames[func] ?? sourceNames[Number(functionSources[func] ?? -1)];
    const file = strings[Number(name ?? -1)];
    return typeof file === 'string' ? file : undefined;
  };
  const kindOf = (frame: number, name: string): FrameKind => {
    const category = categories[Number(frameCategories[frame] ?? -1)];
    const called = category === undefined ? '' : json.object(category, 'a category').name;
    const known = CATEGORIES.find((each) => each.name === called);
    return known?.kind ?? (ADDRESS.test(name) ? 'unresolved' : 'user');
  };
  /** Recorders name code without a symbol by its address, which alone does not say in what it is. */
  const nameless = (frame: number, given: string, object: unknown): string => {
    if (typeof object !== 'string') return given;
    const address = frameAddresses[frame];
    // The frame's own is in its library; a name may be where that was in memory.
    const isKnown = Number.isSafeInteger(address) && Number(address) >= 0;
    return unnamed(object, BigInt(isKnown ? Number(address) : given));
  };
  const lineOf = (frame: number): number | undefined => {
    const line = frameLines[frame];
    return typeof line === 'number' ? line : undefined;
  };

  const read = new Map<number, ProfileFrame>();
  const frameAt = (frame: number): ProfileFrame => {
    const known = read.get(frame);
    if (known !== undefined) return known;
    const func = Number(functions[frame] ?? -1);
    const given = strings[Number(names[func] ?? -1)];
    if (typeof given !== 'string') throw new SyntaxProblem(`frame ${frame} has no name`);
    const object = objectOf(frame, func);
    const name = ADDRESS.test(given) ? nameless(frame, given, object) : given;
    const made: ProfileFrame = {
      name,
      kind: kindOf(frame, given),
      ...(typeof object === 'string' ? { object } : {}),
      ...placeOf(fileOf(func), lineOf(frame)),
      ...(Number(inlineDepths[frame] ?? 0) > 0 ? { inlined: true } : {}),
    };
    budget.frame(made);
    read.set(frame, made);
    return made;
  };
  const callerOf = (row: number): number | null => {
    const offset = prefixOffsets[row];
    if (offset !== undefined) return offset === 0 ? null : row - Number(offset);
    const prefix = prefixes[row];
    return prefix == null ? null : Number(prefix);
  };

  return (stack, outermost) => {
    const frames: ProfileFrame[] = [];
    const most = budget.left / REFERENCE;
    let row = stack == null ? null : Number(stack);
    while (row !== null) {
      const frame = stackFrames[row];
      if (frame === undefined) throw new SyntaxProblem(`there is no stack ${row}`);
      if (frames.push(frameAt(Number(frame))) > most)
        throw budget.tooLarge('the frames of a stack');
      const caller = callerOf(row);
      // Rows that came in a circle would never end.
      if (caller !== null && !(caller < row))
        throw new SyntaxProblem(`stack ${row} comes before its caller`);
      row = caller;
    }
    budget.stack(frames.length + outermost.length);
    return outermost.concat(frames.reverse());
  };
}
