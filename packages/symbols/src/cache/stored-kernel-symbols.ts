/**
 * The kernel's symbols from their file: reads the blocks that are asked about, and keeps those. What the
 * file does not have, or has no more since it was damaged, is asked of the kernel.
 */
import { closeFile } from '../descriptors.ts';
import { type PrivateFile, readPart } from '../disk-store/private-file.ts';
import { type KernelNames, type KernelSymbolHit, KernelSymbols } from '../kernel-symbols.ts';
import { isSystemError } from '../system-error.ts';
import { KernelBlocks } from './kernel-blocks.ts';

export class StoredKernelSymbols implements KernelNames {
  readonly restricted = false;
  readonly #blocks: KernelBlocks;
  readonly #readAll: () => KernelNames;
  readonly #close: () => void;
  readonly #read = new Map<number, KernelNames>();
  #all: KernelNames | undefined;

  private constructor(blocks: KernelBlocks, readAll: () => KernelNames, close: () => void) {
    this.#blocks = blocks;
    this.#readAll = readAll;
    this.#close = close;
  }

  /** Takes over the file. undefined where it is damaged or of another version: it is closed then. */
  static open(file: PrivateFile, readAll: () => KernelNames): StoredKernelSymbols | undefined {
    const { fd, size } = file;
    let isOpen = true;
    const close = () => {
      if (isOpen) closeFile(fd);
      isOpen = false;
    };
    const blocks = KernelBlocks.open((from, length) => {
      if (!isOpen || from + length > size) return undefined;
      try {
        return readPart(fd, from, length);
      } catch (error) {
        if (isSystemError(error)) return undefined;
        throw error;
      }
    });
    if (blocks === undefined) {
      close();
      return undefined;
    }
    return new StoredKernelSymbols(blocks, readAll, close);
  }

  lookup(address: bigint): KernelSymbolHit | undefined {
    if (address < 0n || address > 0xffff_ffff_ffff_ffffn) return undefined;
    const block = this.#blocks.blockOf(Number(address >> 32n), Number(address & 0xffff_ffffn));
    if (block < 0) return this.#whole().lookup(address);
    const known = this.#read.get(block) ?? this.#readBlock(block);
    this.#read.set(block, known);
    return known.lookup(address);
  }

  close(): void {
    this.#close();
  }

  #readBlock(block: number): KernelNames {
    const columns = this.#blocks.block(block);
    return columns === undefined
      ? this.#whole()
      : KernelSymbols.fromColumns(columns, () => this.#whole());
  }

  #whole(): KernelNames {
    this.#all ??= this.#readAll();
    return this.#all;
  }
}
