/** CRC-32 as in gzip and zip (reflected polynomial 0xedb88320): tells a damaged file from a sound one. */

let table: Uint32Array | undefined;

function makeTable(): Uint32Array {
  const entries = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
    entries[byte] = value;
  }
  return entries;
}

export function crc32(bytes: Uint8Array): number {
  table ??= makeTable();
  let value = -1;
  for (let i = 0; i < bytes.length; i++) value = table[(value ^ bytes[i]!) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}
