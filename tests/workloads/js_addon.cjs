// An extension (js_addon.c) calls a function back. Usage: js_addon.cjs EXTENSION SECONDS

const extension = { exports: {} };
process.dlopen(extension, process.argv[2]);
const callBack = extension.exports;

let sum = 0;

function spin() {
  for (let i = 0; i < 20000; i++) sum = (sum * 31 + i) % 1009;
}

function main(seconds) {
  const end = Date.now() + 1000 * seconds;
  while (Date.now() < end) callBack(spin);
}

main(Number(process.argv[3]));
