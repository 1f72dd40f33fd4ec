/**
 * protobufjs, loaded when the first message is made or read. Most programs that have this package
 * write other formats, and it would cost each start of theirs 15 ms and 6 MB. It is CommonJS, so that
 * it can be had without waiting, on Bun, Deno and Node.
 */
import { createRequire } from 'node:module';
import type protobufjs from 'protobufjs/light.js';

let loaded: typeof protobufjs | undefined;

/** Bun's, also in modules, and how its bundler sees that the library belongs into the bundle. */
declare const require: (name: string) => unknown;

export function protobuf(): typeof protobufjs {
  loaded ??= load() as typeof protobufjs;
  return loaded;
}

function load(): unknown {
  try {
    return require('protobufjs/light.js');
  } catch {
    // Elsewhere modules have none.
    return createRequire(import.meta.url)('protobufjs/light.js');
  }
}
