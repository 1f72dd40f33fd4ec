// Functions that V8 inlines into their callers, with calls in them that it cannot: `spin` and `settle` are too large. Each
// shape calls them so often that all but these two become one piece of code. Usage: js_inlined.cjs SECONDS SHAPE...

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const STEP = 'sum = (sum * 31 + i) % 1009; ';

/** A function of more bytecode than is inlined (--max-inlined-bytecode-size, 460). */
function large(name) {
  const body = `let sum = rounds; for (let i = 0; i < rounds; i++) { ${STEP.repeat(60)} } return sum;`;
  return new Function(`return function ${name}(rounds) { ${body} }`)();
}

const spin = large('spin');
const settle = large('settle');

// 60 and 40 % of the time of `shares`.
const heavy = () => spin(60) + 1;
const light = () => spin(40) + 1;

const inner = (rounds) => spin(rounds) + 1;
const middle = (rounds) => inner(rounds) * 2;

class Made {
  constructor() {
    this.sum = this.make();
  }
  make() {
    return spin(50) + 1;
  }
}

const LIST = [1, 2, 3];

const SHAPES = {
  shares() {
    return heavy() + light();
  },
  nested() {
    return middle(50) + 1;
  },
  /** What comes behind a function that is inlined is not in it. */
  beside() {
    return inner(50) + settle(50);
  },
  listed() {
    let sum = 0;
    LIST.forEach(function each(value) {
      sum += spin(10 + value);
    });
    return sum;
  },
  constructed() {
    return new Made().sum;
  },
};

/** Code that is entered at its beginning. */
function turn(shape) {
  let sum = 0;
  for (let i = 0; i < 20; i++) sum += shape();
  return sum;
}

/** Code that is entered in its loop, with `nested` in it. */
function looped(rounds) {
  let sum = 0;
  for (let i = 0; i < rounds; i++) sum += SHAPES.nested();
  return sum;
}

function main(seconds, shapes) {
  for (const name of shapes) {
    const end = cpuMs() + 1000 * seconds;
    if (name === 'looped') while (cpuMs() < end) looped(5000);
    else while (cpuMs() < end) turn(SHAPES[name]);
  }
}

const [seconds = '1', ...shapes] = process.argv.slice(2);
main(Number(seconds), shapes);
