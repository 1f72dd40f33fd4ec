// Functions that are called in every way there is: each shape burns for so long in `spin`, below what it is called by.
// Usage: js_shapes.cjs SECONDS SHAPE...

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

let sum = 0;

function spin(ms) {
  const end = cpuMs() + ms;
  while (cpuMs() < end) for (let i = 0; i < 5000; i++) sum = (sum * 31 + i) % 1000003;
}

const SHAPES = {
  recursion(ms) {
    const deeper = (left) => (left === 0 ? spin(ms) : deeper(left - 1) + 1);
    deeper(60);
  },
  deep(ms) {
    const deeper = (left) => (left === 0 ? spin(ms) : deeper(left - 1) + 1);
    deeper(900);
  },
  generators(ms) {
    function* inner() {
      yield spin(ms);
    }
    function* outer() {
      yield* inner();
    }
    for (const _ of outer());
  },
  callbacks(ms) {
    [3, 1, 2].sort(function order(a, b) {
      spin(ms / 6);
      return a - b;
    });
    [1].map(function mapped(value) {
      spin(ms / 2);
      return value;
    });
  },
  exceptions(ms) {
    function raises() {
      try {
        throw new Error('wanted');
      } catch {
        spin(ms);
      }
    }
    raises();
  },
  replaced(ms) {
    'one'.replace(/o/, function replacer() {
      spin(ms);
      return '0';
    });
  },
  classes(ms) {
    class Base {
      constructor() {
        this.made();
      }
      made() {
        spin(ms / 2);
      }
    }
    class Derived extends Base {
      get read() {
        spin(ms / 2);
        return 1;
      }
      static create() {
        return new Derived();
      }
    }
    Derived.create().read;
  },
  parsed(ms) {
    JSON.parse('[1]', function reviver(key, value) {
      if (key === '0') spin(ms);
      return value;
    });
  },
  /** Code that is collected as fast as it is made, among much that is allocated. */
  churn(ms) {
    const end = cpuMs() + ms;
    let kept = [];
    while (cpuMs() < end) {
      const number = Math.floor(sum % 100000);
      const inner = `function inner_${number}() { spin(0.2); }`;
      const body = `${inner} return function made_${number}() { inner_${number}(); }`;
      const made = new Function('spin', body)(spin);
      made();
      if (made.name !== `made_${number}`) throw new Error('another one');
      kept.push(new Array(2000).fill(number));
      if (kept.length > 200) kept = [];
    }
  },
};

function main(seconds, shapes) {
  for (const shape of shapes)
    for (let round = 0; round < 20; round++) SHAPES[shape]((1000 * seconds) / 20);
}

const [seconds = '1', ...shapes] = process.argv.slice(2);
main(Number(seconds), shapes.length === 0 ? Object.keys(SHAPES) : shapes);
