// Reads the JUnit XML that bun test, deno test and node --test write: one flat list of results with
// full names. It relies on what the three have in common - testsuite elements that nest, testcase
// elements that hold a failure, error or skipped element - and not on their totals, which each
// counts in its own way. Only enough XML is understood for files that these runners escape.

export type Outcome = 'passed' | 'failed' | 'skipped';

export interface TestResult {
  /** Enclosing suites and the test's own name, outermost first, joined by ` > `. */
  readonly name: string;
  readonly outcome: Outcome;
  /** The failure's message in one line, with the two values that differ, or the reason for a skip. */
  readonly message: string;
}

const SHOWN_LINES = 6;
const SHOWN_WIDTH = 300;

const tag = /<(\/?)(testsuite|testcase|failure|error|skipped)\b((?:"[^"]*"|'[^']*'|[^"'>])*)>/g;

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return entities[name] ?? all;
  });
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"'\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function attribute(attributes: string, name: string): string {
  const match = new RegExp(`\\b${name}=(?:"([^"]*)"|'([^']*)')`).exec(attributes);
  return unescapeXml(match?.[1] ?? match?.[2] ?? '');
}

/** The log of a run may be all that is left of it: `expect(a).toBeLessThan(b)` alone says nothing. */
function summaryOf(message: string): string {
  const [first = '', ...rest] = message.split('\n');
  const values = rest.filter((line) =>
    /^((Expected|Received)\b.*|Counterexample): |^\{ seed: /.test(line),
  );
  // `- Expected  - 1` ends a difference, whose lines begin with their sign.
  const differences = rest.filter(
    (line) => /^[-+] {2}/.test(line) && !/^[-+] (Expected|Received) /.test(line),
  );
  const shown = [...values, ...differences]
    .slice(0, SHOWN_LINES)
    .map((line) => line.slice(0, SHOWN_WIDTH));
  return [first, ...shown.map((line) => line.replaceAll(/\s+/g, ' ').trim())].join('; ');
}

export function parseJUnit(xml: string): TestResult[] {
  const results: TestResult[] = [];
  const suites: string[] = [];
  let current: { name: string; outcome: Outcome; message: string } | undefined;

  for (const { 0: whole, 1: closing, 2: element, 3: attributes = '', index } of xml.matchAll(tag)) {
    const empty = attributes.endsWith('/');
    if (element === 'testsuite') {
      if (closing) suites.pop();
      else if (!empty) suites.push(attribute(attributes, 'name'));
    } else if (element === 'testcase') {
      if (!closing) {
        const name = [...suites, attribute(attributes, 'name')].join(' > ');
        current = { name, outcome: 'passed', message: '' };
      }
      if ((closing || empty) && current) {
        results.push(current);
        current = undefined;
      }
    } else if (!closing && current) {
      current.outcome = element === 'skipped' ? 'skipped' : 'failed';
      const text = unescapeXml(xml.slice(index + whole.length).split('<', 1)[0] ?? '');
      // A library that was called, such as one of properties, is not where it was.
      const own = text.replaceAll(/^.*node_modules.*$/gm, '');
      const place = /\bat .*?([^\s(/]+:\d+):\d+\)?$/m.exec(own)?.[1];
      const message = summaryOf(attribute(attributes, 'message'));
      current.message = place === undefined ? message : `${message} (${place})`;
    }
  }
  return results;
}

/** A JUnit file with one failed test, for failures that a runner did not write down itself. */
export function failureXml(name: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="run-tests" tests="1" failures="1">
    <testcase name="${escapeXml(name)}">
      <failure message="${escapeXml(message)}"/>
    </testcase>
  </testsuite>
</testsuites>
`;
}
