/**
 * @waggle/core/bpf: what the modules that `waggle bpf build` writes are made of. They import it themselves;
 * nobody else has to.
 */

export {
  decodeValue,
  type EnumKind,
  embeddedObject,
  RecordReader,
  textAt,
  u53,
} from '@waggle/bpf';
