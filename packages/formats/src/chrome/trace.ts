/**
 * Reads the CPU profiles in a trace of Chrome's DevTools ("Performance", "Save profile"): V8 sends
 * them in pieces, one event each, a profile for each thread; before 2018, whole. Other events of the
 * trace are no samples.
 */
import type { JsonObject } from '../json-shape.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { Profile, ProfileFrame } from '../profile.ts';
import { sampleCount } from '../values.ts';
import { cpuProfile, parseCpuProfile } from './cpu-profile.ts';
import { type CallTreeNode, ChromeSyntaxError, frameOf, json, numberOf } from './nodes.ts';

interface Pieces {
  readonly thread: string;
  readonly tree: Map<number, CallTreeNode>;
  readonly samples: number[];
  readonly timeDeltas: number[];
}

/** @throws ChromeSyntaxError when there is no CPU profile in the trace. */
export function parseChromeTrace(list: readonly unknown[], budget: MemoryBudget): Profile {
  const events = list.map((event, index) => json.object(event, `event ${index}`));
  const threads = new Map<string, string>();
  const found = new Map<string, Pieces>();
  for (const { name, args, pid, tid } of events)
    if (name === 'thread_name') {
      const called = json.object(args ?? {}, 'args').name;
      if (typeof called === 'string') threads.set(`${pid} ${tid}`, called);
    }
  for (const event of events)
    if (event.name === 'Profile' || event.name === 'ProfileChunk') addPiece(event, found, threads);
  const whole = events
    .filter(({ name }) => name === 'CpuProfile')
    .map(({ args }) => {
      const data = json.object(json.object(args, 'args').data, 'args.data');
      return parseCpuProfile(json.object(data.cpuProfile, 'args.data.cpuProfile'), budget);
    });
  const profiles = [...found.values()]
    .filter(({ samples }) => samples.length > 0)
    .map(({ thread, ...parts }) => {
      const outermost: ProfileFrame[] = thread === '' ? [] : [{ name: thread, kind: 'process' }];
      addLostNodes(parts);
      return cpuProfile({ ...parts, duration: undefined }, budget, outermost);
    })
    .concat(whole);
  const [first] = profiles;
  if (first === undefined)
    throw new ChromeSyntaxError('the trace has no CPU profile: record it with JavaScript samples');
  const joined = { ...first, stacks: profiles.flatMap(({ stacks }) => stacks) };
  return { ...joined, metadata: { ...first.metadata, samples: sampleCount(joined) ?? 0 } };
}

/** The nodes of a profile that had begun before the trace are not in it. */
function addLostNodes({ tree, samples }: Pick<Pieces, 'tree' | 'samples'>): void {
  const frame = { name: '[unknown]', kind: 'unresolved' } as const;
  for (const node of tree.values())
    if (node.parent !== undefined && !tree.has(node.parent)) node.parent = undefined;
  for (const id of samples)
    if (!tree.has(id)) tree.set(id, { id, frame, parent: undefined, values: [0] });
}

function addPiece(
  event: JsonObject,
  found: Map<string, Pieces>,
  threads: ReadonlyMap<string, string>,
): void {
  const key = `${event.pid} ${event.id ?? event.tid}`;
  let pieces = found.get(key);
  if (pieces === undefined) {
    // The pieces come from a thread of V8's own.
    const isOfThread = event.name === 'Profile';
    const thread = isOfThread ? (threads.get(`${event.pid} ${event.tid}`) ?? '') : '';
    pieces = { thread, tree: new Map(), samples: [], timeDeltas: [] };
    found.set(key, pieces);
  }
  const args = json.object(event.args ?? {}, 'args');
  const data = json.object(args.data ?? {}, 'args.data');
  const profile = json.object(data.cpuProfile ?? {}, 'args.data.cpuProfile');
  for (const value of json.array(profile.nodes ?? [], 'nodes')) {
    const node = json.object(value, 'a node');
    const id = numberOf(node.id, 'the id of a node');
    const parent = typeof node.parent === 'number' ? node.parent : undefined;
    const frame = frameOf(json.object(node.callFrame, 'a callFrame'));
    pieces.tree.set(id, { id, frame, parent, values: [0] });
  }
  const numbers = (value: unknown, what: string) =>
    json.array(value ?? [], what).map((each) => numberOf(each, `one of ${what}`));
  for (const id of numbers(profile.samples, 'samples')) pieces.samples.push(id);
  for (const delta of numbers(data.timeDeltas ?? profile.timeDeltas, 'timeDeltas'))
    pieces.timeDeltas.push(delta);
}
