/**
 * How userspace walks through code that a process has generated: by what the jitdumps say of its program
 * image, and of those that this was forked from.
 */

import type { MappedCode } from '@waggle/unwind';
import type { MappedObject } from '../mappings/image-mappings.ts';
import type { JitImage } from '../mappings/jit-image.ts';
import type { JitMaps, SampledImage } from '../mappings/jit-maps.ts';
import type { GeneratedCodeTables } from './generated-tables.ts';

export class GeneratedCode {
  readonly #jitMaps: JitMaps;
  readonly #tables: GeneratedCodeTables;

  constructor(jitMaps: JitMaps, tables: GeneratedCodeTables) {
    this.#jitMaps = jitMaps;
    this.#tables = tables;
  }

  /** Whether anything may be said of the code of an image, now or later. */
  isDumped(sampled: SampledImage): boolean {
    return this.#jitMaps.of(sampled).isDumped;
  }

  /** For the frames of one stack. */
  walk(sampled: SampledImage): GeneratedFrames {
    return new GeneratedFrames(this.#jitMaps, this.#tables, sampled);
  }
}

export class GeneratedFrames {
  #known: { readonly image: JitImage; readonly time: number } | undefined;

  readonly #jitMaps: JitMaps;
  readonly #tables: GeneratedCodeTables;
  readonly #sampled: SampledImage;

  constructor(jitMaps: JitMaps, tables: GeneratedCodeTables, sampled: SampledImage) {
    this.#jitMaps = jitMaps;
    this.#tables = tables;
    this.#sampled = sampled;
  }

  /** Whose code it is. */
  get image(): JitImage {
    return this.#sample.image;
  }

  /** What to unwind the code by; `unknown` where its runtime has not described it yet. */
  find(address: number, mapping: MappedObject): MappedCode | 'unknown' {
    const { image, time } = this.#sample;
    const code = image.unwindingOf(address, time, image.isInherited(mapping), mapping);
    if (code === 'unknown') return code;
    if (code === 'none') return { table: undefined, fileOffset: 0 };
    return { table: this.#tables.of(code), fileOffset: address - code.start };
  }

  /** Asked for once: most stacks lead through no such code. */
  get #sample(): { readonly image: JitImage; readonly time: number } {
    this.#known ??= {
      image: this.#jitMaps.of(this.#sampled),
      time: this.#jitMaps.timeOf(this.#sampled.lastTime),
    };
    return this.#known;
  }
}
