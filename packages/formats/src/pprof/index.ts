/**
 * pprof, the format of `go tool pprof` and of most continuous profilers: gzipped protocol buffers.
 * Layout and meaning of the fields: proto/profile.proto of google/pprof.
 */
import type { OutputFormat } from '../format.ts';
import { encodePprof } from './encode.ts';
import { parsePprof } from './parse.ts';

export { encodePprof } from './encode.ts';
export { PprofSyntaxError, parsePprof } from './parse.ts';

export const pprofFormat: OutputFormat = {
  name: 'pprof',
  extensions: ['.pb.gz', '.pprof'],
  mediaType: 'application/vnd.google.protobuf',
  signed: true,
  allValues: true,
  labels: true,
  encode: encodePprof,
  parse: parsePprof,
};
