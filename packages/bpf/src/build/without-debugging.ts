/**
 * What clang writes for debuggers along with the BTF, and nobody here reads: the zeros in its place pack to nothing,
 * wherever the object goes.
 */

/**
 * An object with zeros in place of what only a debugger reads, which is half of it. The kernel reads the BTF.
 * Layout: ELF64, little-endian, of the System V ABI.
 */
export function withoutDebugging(object: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(object);
  const view = new DataView(bytes.buffer);
  const headers = Number(view.getBigUint64(0x28, true));
  const size = view.getUint16(0x3a, true);
  const sections = Array.from({ length: view.getUint16(0x3c, true) }, (_, index) => {
    const at = headers + index * size;
    return {
      name: view.getUint32(at, true),
      start: Number(view.getBigUint64(at + 0x18, true)),
      length: Number(view.getBigUint64(at + 0x20, true)),
    };
  });
  const names = sections[view.getUint16(0x3e, true)];
  const nameOf = (at: number) => {
    const start = (names?.start ?? 0) + at;
    return Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString('latin1');
  };
  for (const { name, start, length } of sections)
    if (/^(\.rel)?\.debug_/.test(nameOf(name))) bytes.fill(0, start, start + length);
  return bytes;
}
