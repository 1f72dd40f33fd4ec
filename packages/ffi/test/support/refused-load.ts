// Run as a process of its own by the contract suite: everything that libbpf complains about.

import { BpfObjectFile, openNative, SystemError } from '../../src/index.ts';

const native = await openNative();
const [refused = ''] = process.argv.slice(2);
for (const path of ['/absent.bpf.o', process.execPath, refused]) {
  try {
    using file = BpfObjectFile.open(native, path);
    using _loaded = file.load();
    console.log(`${path} was accepted`);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    console.log(error.code, error.log);
  }
}
