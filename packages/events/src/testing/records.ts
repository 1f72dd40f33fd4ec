/** Records as bytes, as the kernel's programs make them, for tests of what reads them. */

export type RecordFields = Readonly<Record<string, number | bigint>>;

/** @param fields by their name in the layout; type and size of the header follow from the others */
export function processRecord(
  layout: { readonly size: number; readonly offset: object; readonly kind: object },
  type: number,
  fields: RecordFields,
  comm: string,
  payload = '',
): Uint8Array {
  const offset = layout.offset as Readonly<Record<string, number>>;
  const kind = layout.kind as Readonly<Record<string, string>>;
  const size = offset.payload ?? layout.size;
  const bytes = Buffer.alloc((size + payload.length + 7) & ~7);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const all: RecordFields = { 'header.type': type, 'header.size': bytes.length, ...fields };
  for (const [field, value] of Object.entries(all)) {
    const at = offset[field] ?? Number.NaN;
    if (kind[field] === 'u16') view.setUint16(at, Number(value), true);
    else if (kind[field] === 'u32') view.setUint32(at, Number(value), true);
    else view.setBigUint64(at, BigInt(value), true);
  }
  bytes.write(comm, offset['header.comm'] ?? 0);
  bytes.write(payload, size);
  return bytes;
}
