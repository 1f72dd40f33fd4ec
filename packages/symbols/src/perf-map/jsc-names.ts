/**
 * Names of JavaScriptCore's code in a jitdump: `JSC-TIER: function#HASH`. A compiler thread that finds a
 * function's name not made yet writes `<name not materialized>` in its place (FunctionExecutable::
 * ecmaNameForDump in WebKit's JavaScriptCore); the hash is that of the function in every tier, so the
 * name is known as soon as one of them had it.
 */
import { MapShare } from './map-memory.ts';

const PLACEHOLDER = '<name not materialized>';
/** The name may hold any character; the hash has six (CodeBlockHash::dump). */
const CODE = /^JSC-\w+: (.*)#([0-9A-Za-z]{6})$/s;
/** Functions of the largest programs; those after them keep what the runtime called them. */
const MAX_NAMES = 200_000;

export class JscNames {
  readonly #byHash = new Map<string, string>();
  /** What it shares with other maps. */
  readonly #share: MapShare;

  constructor(share = new MapShare()) {
    this.#share = share;
  }

  /** Learns from what was loaded, as long as there is memory for it. */
  add(described: string): void {
    const [, name = '', hash = ''] = CODE.exec(described) ?? [];
    if (name === '' || name === PLACEHOLDER || this.#byHash.get(hash) === name) return;
    if (this.#byHash.size >= MAX_NAMES || !this.#share.take(0, 1, 2 * described.length)) return;
    this.#byHash.set(hash, name);
  }

  /** They are not asked any more. */
  release(): void {
    this.#byHash.clear();
    this.#share.release();
  }

  /** The name with what is known by now: without one the function is called by its hash alone. */
  complete(described: string): string {
    const [, name, hash = ''] = CODE.exec(described) ?? [];
    if (name !== PLACEHOLDER) return described;
    return described.replace(PLACEHOLDER, () => this.#byHash.get(hash) ?? '');
  }
}
