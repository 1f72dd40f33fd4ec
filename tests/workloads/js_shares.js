// Two functions with 60 and 40 % of the time: `heavy`, and `run` of a class. Each burns by `burn`, which is told how
// long. Usage: js_shares.js SECONDS

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

let sum = 0;

function burn(ms) {
  const end = cpuMs() + ms;
  while (cpuMs() < end) for (let i = 0; i < 20000; i++) sum = (sum * 31 + i) % 1000003;
}

function heavy() {
  burn(6);
}

class Light {
  run() {
    burn(4);
  }
}

function main(seconds) {
  const light = new Light();
  const end = cpuMs() + 1000 * seconds;
  while (cpuMs() < end) {
    heavy();
    light.run();
  }
}

main(Number(process.argv[2] ?? '2'));
