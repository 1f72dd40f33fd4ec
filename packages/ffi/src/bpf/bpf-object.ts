/**
 * A BPF object file in two states: BpfObjectFile is what was read from the file and can still
 * be adjusted; load() hands it to the kernel and gives a BpfObject with its programs and maps.
 */

import { Handle } from '../handle.ts';
import type { Address } from '../native/backend.ts';
import { NULL_ADDRESS } from '../native/backend.ts';
import type { Native } from '../native/native.ts';
import { BpfMap } from './bpf-map.ts';
import { BpfProgram } from './bpf-program.ts';

/** An opened, not yet loaded object: choose programs, size maps, set constants. */
export class BpfObjectFile extends Handle {
  readonly #programs = new Map<string, Address>();
  readonly #maps = new Map<string, Address>();

  readonly #native: Native;
  readonly #address: Address;

  private constructor(
    native: Native,
    address: Address,
    readonly path: string,
  ) {
    super(`BPF object ${path}`);
    this.#native = native;
    this.#address = address;

    const { libbpf } = native;
    for (let at = NULL_ADDRESS; ; ) {
      at = libbpf.bpf_object__next_program(address, at);
      if (at === 0) break;
      this.#programs.set(native.stringAt(libbpf.bpf_program__name(at)), at);
    }
    for (let at = NULL_ADDRESS; ; ) {
      at = libbpf.bpf_object__next_map(address, at);
      if (at === 0) break;
      this.#maps.set(native.stringAt(libbpf.bpf_map__name(at)), at);
    }
  }

  /** @throws SystemError when the file is missing (ENOENT) or not a BPF object. */
  static open(native: Native, path: string): BpfObjectFile {
    const address = native.checkPointer(`open BPF object ${path}`, () =>
      native.libbpf.bpf_object__open_file(native.cString(path), NULL_ADDRESS),
    );
    return new BpfObjectFile(native, address, path);
  }

  /** The same from memory. `name` stands for the path in messages. @throws SystemError */
  static openBytes(native: Native, bytes: Uint8Array, name: string): BpfObjectFile {
    // libbpf has read everything when it returns (bpf_object_open ends with bpf_object__elf_finish).
    const address = native.checkPointer(`open BPF object ${name}`, () =>
      native.libbpf.bpf_object__open_mem(bytes, bytes.length, NULL_ADDRESS),
    );
    return new BpfObjectFile(native, address, name);
  }

  get programNames(): readonly string[] {
    return [...this.#programs.keys()];
  }

  get mapNames(): readonly string[] {
    return [...this.#maps.keys()];
  }

  /**
   * Loads only these programs; the kernel never sees the others. Unknown names are ignored.
   * @throws ClosedError after load() or close(); SystemError for a program that is not there.
   */
  selectPrograms(names: ReadonlySet<string>): void {
    this.guard();
    for (const [name, address] of this.#programs)
      this.#native.check(`select program ${name}`, () =>
        this.#native.libbpf.bpf_program__set_autoload(address, names.has(name) ? 1 : 0),
      );
  }

  /** @throws SystemError @throws RangeError for a map that the object does not have. */
  setMaxEntries(map: string, entries: number): void {
    this.#native.check(`size map ${map}`, () =>
      this.#native.libbpf.bpf_map__set_max_entries(this.#mapAddress(map), entries),
    );
  }

  /**
   * Uses a map of another object, which has to be loaded, in place of the one that the file describes: the
   * kernel's map is one, and lives until both objects are closed. It has as many entries as it has.
   * @throws RangeError when it is of another type or its keys and values have other sizes, or the object has
   * no such map. @throws SystemError @throws ClosedError
   */
  reuseMap(map: string, existing: BpfMap): void {
    const address = this.#mapAddress(map);
    const { libbpf } = this.#native;
    // libbpf would take over whatever the other one is.
    if (
      libbpf.bpf_map__type(address) !== existing.type ||
      libbpf.bpf_map__key_size(address) !== existing.keySize ||
      libbpf.bpf_map__value_size(address) !== existing.valueSize
    )
      throw new RangeError(`the maps ${map} and ${existing.name} are of different kinds`);
    this.#native.check(`reuse map ${map}`, () => libbpf.bpf_map__reuse_fd(address, existing.fd));
  }

  /** Does not create a map, which no program that is loaded may name. @throws SystemError, RangeError */
  omitMap(map: string): void {
    this.#native.check(`leave out map ${map}`, () =>
      this.#native.libbpf.bpf_map__set_autocreate(this.#mapAddress(map), 0),
    );
  }

  /**
   * Writes a `const volatile` global's bytes: `offset` bytes into the data section's map.
   * @throws RangeError for a place outside of the section; ClosedError after load() or close().
   */
  setConstant(section: '.rodata' | '.data', offset: number, bytes: Uint8Array): void {
    this.guard();
    const name = [...this.#maps.keys()].find((candidate) => candidate.endsWith(section));
    if (name === undefined) throw new RangeError(`the object has no ${section}`);
    const size = new Uint8Array(8);
    const at = this.#native.checkPointer(`read ${section}`, () =>
      this.#native.libbpf.bpf_map__initial_value(this.#mapAddress(name), size),
    );
    const length = Number(new DataView(size.buffer).getBigUint64(0, true));
    if (offset < 0 || offset + bytes.length > length)
      throw new RangeError(`${section} has ${length} bytes, not ${offset + bytes.length}`);
    new Uint8Array(this.#native.backend.memory(at, length)).set(bytes, offset);
  }

  /**
   * Creates the maps and loads the selected programs. This handle ends here: on success the
   * BpfObject takes over what it held, on failure the error carries the verifier's log.
   * @throws SystemError EPERM without CAP_BPF; EINVAL or EACCES when a program is refused.
   */
  load(): BpfObject {
    this.guard();
    try {
      this.#native.check(`load ${this.path}`, () =>
        this.#native.waggle.waggle_object_load(this.#address),
      );
    } catch (error) {
      this.close();
      throw error;
    }
    this.surrender();
    return new BpfObject(this.#native, this.#address, this.path, this.#programs, this.#maps);
  }

  protected release(): void {
    this.#native.libbpf.bpf_object__close(this.#address);
  }

  #mapAddress(name: string): Address {
    this.guard();
    const address = this.#maps.get(name);
    if (address === undefined) throw new RangeError(`the object has no map ${name}`);
    return address;
  }
}

/** What the kernel accepted. Closing it unloads every program and map that nothing else holds. */
export class BpfObject extends Handle {
  readonly #openMaps = new Map<string, BpfMap>();

  readonly #native: Native;
  readonly #address: Address;
  readonly #programs: ReadonlyMap<string, Address>;
  readonly #maps: ReadonlyMap<string, Address>;

  constructor(
    native: Native,
    address: Address,
    path: string,
    programs: ReadonlyMap<string, Address>,
    maps: ReadonlyMap<string, Address>,
  ) {
    super(`BPF object ${path}`);
    this.#native = native;
    this.#address = address;
    this.#programs = programs;
    this.#maps = maps;
  }

  /** @throws RangeError for a program that the object does not have or that was not loaded. */
  program(name: string): BpfProgram {
    this.guard();
    const address = this.#programs.get(name);
    if (address === undefined) throw new RangeError(`the object has no program ${name}`);
    const fd = this.#native.libbpf.bpf_program__fd(address);
    if (fd < 0) throw new RangeError(`program ${name} was not loaded`);
    return new BpfProgram(this.#native, this, address, name, fd);
  }

  hasMap(name: string): boolean {
    return this.#maps.has(name);
  }

  /** @throws RangeError for a map that the object does not have. */
  map(name: string): BpfMap {
    this.guard();
    const known = this.#openMaps.get(name);
    if (known !== undefined) return known;
    const address = this.#maps.get(name);
    if (address === undefined) throw new RangeError(`the object has no map ${name}`);
    const map = new BpfMap(this.#native, this, address, name);
    this.#openMaps.set(name, map);
    return map;
  }

  protected release(): void {
    this.#native.libbpf.bpf_object__close(this.#address);
  }
}
