// Work of fixed size, so many calls deep, once somebody has written to it: says how many seconds of CPU that took.
// Arguments: depth, rounds.

function spin(rounds) {
  let total = 0;
  for (let number = 0; number < rounds; number++) total = (total * 31 + (number & 7)) % 1000003;
  return total;
}

function deeper(depth, rounds) {
  if (depth <= 1) return spin(rounds);
  return deeper(depth - 1, rounds);
}

process.stdin.once('data', () => {
  const begun = process.cpuUsage();
  deeper(Number(process.argv[2]), Number(process.argv[3]));
  const { user, system } = process.cpuUsage(begun);
  process.stdout.write(`${(user + system) / 1e6}\n`);
  process.stdin.destroy();
});
