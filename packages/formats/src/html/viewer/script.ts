/**
 * The text of the page's script: the source text of the viewer's own functions, put together, as in
 * ../../svg/viewer/script.ts. It holds nothing of the profile, so no name can break out of it.
 */
import { createChangeWords } from '../../diff/change-words.ts';
import { createSignificance } from '../../diff/significance.ts';
import { createGeometry } from '../../svg/viewer/geometry.ts';
import { createAddress } from './address.ts';
import { createChart } from './chart.ts';
import { createColours, createComparison } from './colours.ts';
import { createControls } from './controls.ts';
import { createDivider } from './divider.ts';
import { createFunctionRows } from './function-rows.ts';
import { createPane } from './pane.ts';
import { createSandwich } from './sandwich.ts';
import { createFunctionTable } from './table.ts';
import { createTooltip } from './tooltip.ts';
import { createTrees } from './trees.ts';
import { createUnpacking } from './unpack.ts';
import { runPage } from './viewer.ts';
import { createWords } from './words.ts';

export function pageScript(): string {
  // `__name`: see ../../svg/viewer/script.ts.
  return `(async () => {
const __name = (value) => value;
const createChart = ${createChart};
const createPane = ${createPane};
const createFunctionTable = ${createFunctionTable};
const createControls = ${createControls};
const createSandwich = ${createSandwich};
const createWords = ${createWords};
const find = (id) => document.getElementById(id);
const data = JSON.parse(find('data').textContent);
const unpacking = (${createUnpacking})();
const geometry = (${createGeometry})();
const trees = (${createTrees})();
const significance = (${createSignificance})(data.chance);
const comparison = data.compared && (${createComparison})(data.compared, significance);
const changeWords = data.compared &&
  (${createChangeWords})(geometry, significance, data.compared, data.unit);
const colours = (${createColours})(data, significance, comparison);
const tooltip = (${createTooltip})(window, find('tooltip'));
const address = (${createAddress})(window);
const rows = (${createFunctionRows})(data.names, significance, comparison);
try {
  const columns = unpacking.columnsOf(await unpacking.inflate(data.columns));
  (${createDivider})(window, find('divider'), find('main'));
  (${runPage})(window, data, columns, {
    geometry, trees, colours, comparison, tooltip, address,
    words: (all) => createWords(data, all, geometry, comparison, changeWords),
    pane: (name, view, words, actions) => {
      const scroller = find(name + '-scroller');
      const chart = createChart(window, scroller, find(name + '-canvas'), find(name + '-spacer'),
        geometry, colours, data.names, view);
      return [createPane(window, scroller, chart, view, words, tooltip, actions), chart];
    },
    sandwich: (words, callers, callees) =>
      createSandwich(window, data, geometry, trees, words, callers, callees),
    table: (all, actions) => createFunctionTable(window, data, all, geometry, significance,
      comparison, rows, actions),
    controls: (actions) => createControls(window, actions),
    formatChange: significance.formatChange,
  });
} catch (error) {
  find('status').textContent = 'This page could not be shown (a browser of 2023 or newer is needed): ' + error;
  throw error;
}
})();`;
}
