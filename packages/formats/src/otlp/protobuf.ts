/**
 * protobufjs, loaded when the first message is made or read. Most programs that have this package
 * write other formats, and it would cost each start of theirs 15 ms and 6 MB. It is CommonJS, so that
 * it can be had without waiting, on Bun, Deno and Node.
 */
import { createRequire } from 'node:module';
import type protobufjs from 'protobufjs/light.js';

let loaded: typeof protobufjs | undefined;

export function protobuf(): typeof protobufjs {
  loaded ??= createRequire(import.meta.url)('protobufjs/light.js') as typeof protobufjs;
  return loaded;
}
