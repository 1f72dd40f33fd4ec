/**
 * The text of the script inside the SVG: the source text of the viewer's own functions, put together.
 * It holds nothing of the profile, so no name can break out of a string in it; whoever writes it
 * into the SVG escapes it as XML text, which browsers undo in .svg files and in SVG inside HTML.
 */
import { createChangeWords } from '../../diff/change-words.ts';
import { createSignificance } from '../../diff/significance.ts';
import { createBoxes } from './boxes.ts';
import { createGeometry } from './geometry.ts';
import { createPanel } from './panel.ts';
import { runViewer } from './viewer.ts';

export function viewerScript(): string {
  // esbuild and tsx, told to keep function names, wrap functions in a helper `__name`; the wrapped
  // text needs one here too. (Minified as well, the helper has another name: that breaks the script.)
  return `(() => {
const __name = (value) => value;
const geometry = (${createGeometry})();
const createBoxes = ${createBoxes};
const createPanel = ${createPanel};
const createSignificance = ${createSignificance};
const createChangeWords = ${createChangeWords};
const runViewer = ${runViewer};
const svg = document.currentScript?.closest('svg') ?? document.documentElement;
runViewer(window, svg, geometry, {
  boxes: (container, data, frames, view) =>
    createBoxes(window, container, geometry, data, frames, view),
  panel: (data, actions) => createPanel(window, svg, geometry, data.layout, actions),
  changeWords: (compared, unit) =>
    createChangeWords(geometry, createSignificance(compared.chance), compared, unit),
});
})();`;
}
