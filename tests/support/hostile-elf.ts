// Programs that run, and whose files say more than any reader should believe: the bytes of a real one with
// section headers of the test's own, over data behind them or over a hole that costs no disk.

import { chmodSync, closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

export interface HostileSection {
  readonly name: string;
  /** sh_type. */
  readonly type: number;
  readonly flags?: number;
  /** Index among these sections of the one that sh_link names. */
  readonly link?: number;
  readonly entsize?: number;
  /** Stands in the file; without it the section lies in the hole behind everything. */
  readonly data?: Uint8Array;
  /** Claimed; that of the data unless told. */
  readonly size?: number;
  readonly addr?: number;
}

export const SHT = { progbits: 1, symtab: 2, strtab: 3, dynsym: 11 } as const;
export const SHF_COMPRESSED = 0x800;

const SHDR = 64;

/** @param program whose segments it has, and so what it does */
export function writeHostileElf(
  path: string,
  program: string,
  sections: readonly HostileSection[],
): void {
  const base = Uint8Array.from(readFileSync(program));
  const view = new DataView(base.buffer);
  const all: HostileSection[] = [{ name: '', type: 0, size: 0 }, ...sections];
  const names = Buffer.from(`${[...all.map(({ name }) => name), '.shstrtab'].join('\0')}\0`);
  all.push({ name: '.shstrtab', type: SHT.strtab, data: names });
  let at = Math.ceil(base.length / 4096) * 4096;
  const placed = all.map((section) => {
    const offset = at;
    at += Math.ceil((section.data?.length ?? 0) / 8) * 8;
    return offset;
  });
  const shoff = at;
  const hole = Math.ceil((shoff + all.length * SHDR) / 4096) * 4096;
  const headers = new DataView(new ArrayBuffer(all.length * SHDR));
  let end = hole;
  let nameAt = 0;
  all.forEach((section, index) => {
    const to = index * SHDR;
    const size = section.size ?? section.data?.length ?? 0;
    const offset = section.data === undefined ? hole : (placed[index] ?? 0);
    end = Math.max(end, offset + size);
    headers.setUint32(to, nameAt, true);
    nameAt += section.name.length + 1;
    headers.setUint32(to + 4, section.type, true);
    headers.setBigUint64(to + 8, BigInt(section.flags ?? 0), true);
    headers.setBigUint64(to + 16, BigInt(section.addr ?? 0), true);
    headers.setBigUint64(to + 24, BigInt(offset), true);
    headers.setBigUint64(to + 32, BigInt(size), true);
    headers.setUint32(to + 40, section.link === undefined ? 0 : section.link + 1, true);
    headers.setBigUint64(to + 56, BigInt(section.entsize ?? 0), true);
  });
  view.setBigUint64(40, BigInt(shoff), true);
  view.setUint16(58, SHDR, true);
  view.setUint16(60, all.length, true);
  view.setUint16(62, all.length - 1, true);
  const fd = openSync(path, 'w');
  try {
    writeSync(fd, base, 0, base.length, 0);
    all.forEach(({ data }, index) => {
      if (data !== undefined) writeSync(fd, data, 0, data.length, placed[index]);
    });
    writeSync(fd, new Uint8Array(headers.buffer), 0, headers.byteLength, shoff);
    ftruncateSync(fd, end);
  } finally {
    closeSync(fd);
  }
  chmodSync(path, 0o755);
}
