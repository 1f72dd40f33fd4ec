import { describe, expect, test } from 'bun:test';
import { failureXml, parseJUnit } from './junit.ts';

// Shortened output of the three runners for the same four tests.
const bun = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" failures="1" skipped="2">
  <testsuite name="src/a.test.ts" file="src/a.test.ts" tests="4">
    <testsuite name="argv &lt;2 MB&gt;" tests="4">
      <testcase name="is whole" classname="argv" time="0.000032" assertions="1" />
      <testcase name="is &quot;cut&quot;" classname="argv">
        <failure type="AssertionError" message="expected&#10;Received: 1">at a.ts:2&#10;</failure>
      </testcase>
      <testcase name="needs root" classname="argv">
        <skipped />
      </testcase>
      <testcase name="later" classname="argv">
        <skipped message="TODO" />
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>`;

const deno = `<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.013">
    <testsuite name="./src/d.deno.ts" tests="3" disabled="1" errors="0" failures="1">
        <testcase name="opens" classname="./src/d.deno.ts" time="0.001" line="4" col="1">
        </testcase>
        <testcase name="opens &gt; twice" classname="./src/d.deno.ts" line="3" col="1">
            <failure message="Uncaught AssertionError: 1
">it.skip(&apos;three&apos;, () =&gt; {});</failure>
        </testcase>
        <testcase name="ignored" line="6" col="6">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;

const node = `<testsuites>
	<testsuite name="peek" time="0.004" errors="0" tests="2" failures="1">
		<testcase name="hit" time="0.001" classname="test"/>
		<testcase name="miss" classname="test" failure="1 !== 2">
			<failure type="testCodeFailure" message="1 !== 2">
Error [ERR_TEST_FAILURE]: at Object.&lt;anonymous> (file:///d.mjs:6:26)
			</failure>
		</testcase>
	</testsuite>
	<testcase name="walk" time="0.000156" classname="test">
		<skipped type="skipped" message="no /proc"/>
	</testcase>
	<!-- tests 4 -->
</testsuites>`;

describe('parseJUnit', () => {
  test('a failed property says what it failed for, and where it is', () => {
    const xml = `<testsuites><testsuite name="a.test.ts"><testcase name="x">
<failure message="Property failed after 9 tests&#10;{ seed: 3, path: &quot;8:1&quot; }&#10;Counterexample: [[]]&#10;Shrunk 1 time(s)">
&#10;      at throwIfFailed (/w/node_modules/fast-check/lib/fast-check.js:2476:49)&#10;      at &lt;anonymous&gt; (tests/a.test.ts:7:28)&#10;</failure></testcase></testsuite></testsuites>`;
    expect(parseJUnit(xml).map(({ message }) => message)).toEqual([
      'Property failed after 9 tests; { seed: 3, path: "8:1" }; Counterexample: [[]] (a.test.ts:7)',
    ]);
  });

  test('a failure has the values that differ, and where it was', () => {
    const xml = `<testsuites><testsuite name="a.test.ts"><testcase name="x">
<failure message="expect(received).toBeLessThan(expected)&#10;&#10;Expected: &lt; 0.2&#10;Received: 0.5&#10;">
&#10;      at &lt;anonymous&gt; (tests/a.test.ts:7:28)&#10;</failure></testcase><testcase name="y">
<failure message="expect(received).toEqual(expected)&#10;&#10;  {&#10;-   &quot;a&quot;: 2,&#10;+   &quot;a&quot;: 1,&#10;  }&#10;&#10;- Expected  - 1&#10;+ Received  + 1&#10;"/>
</testcase></testsuite></testsuites>`;
    expect(parseJUnit(xml).map(({ message }) => message)).toEqual([
      'expect(received).toBeLessThan(expected); Expected: < 0.2; Received: 0.5 (a.test.ts:7)',
      'expect(received).toEqual(expected); - "a": 2,; + "a": 1,',
    ]);
  });

  test('reads what bun test writes', () => {
    const suite = 'src/a.test.ts > argv <2 MB>';
    expect(parseJUnit(bun)).toEqual([
      { name: `${suite} > is whole`, outcome: 'passed', message: '' },
      { name: `${suite} > is "cut"`, outcome: 'failed', message: 'expected; Received: 1' },
      { name: `${suite} > needs root`, outcome: 'skipped', message: '' },
      { name: `${suite} > later`, outcome: 'skipped', message: 'TODO' },
    ]);
  });

  test('reads what deno test writes', () => {
    expect(parseJUnit(deno)).toEqual([
      { name: './src/d.deno.ts > opens', outcome: 'passed', message: '' },
      {
        name: './src/d.deno.ts > opens > twice',
        outcome: 'failed',
        message: 'Uncaught AssertionError: 1',
      },
      { name: './src/d.deno.ts > ignored', outcome: 'skipped', message: '' },
    ]);
  });

  test('reads what node --test writes', () => {
    expect(parseJUnit(node)).toEqual([
      { name: 'peek > hit', outcome: 'passed', message: '' },
      { name: 'peek > miss', outcome: 'failed', message: '1 !== 2 (d.mjs:6)' },
      { name: 'walk', outcome: 'skipped', message: 'no /proc' },
    ]);
  });

  test('reads back a failure of our own, whatever is in its text', () => {
    const [result] = parseJUnit(failureXml('<deno> & "co"', "it's\nover"));
    expect(result).toEqual({
      name: 'run-tests > <deno> & "co"',
      outcome: 'failed',
      message: "it's",
    });
  });

  test('finds nothing in text that is not JUnit', () => {
    expect(parseJUnit('')).toEqual([]);
    expect(parseJUnit('<html>testcase</html>')).toEqual([]);
  });
});
