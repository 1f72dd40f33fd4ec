/**
 * The style sheet of the SVG. Every rule is scoped to the picture, because a style sheet of an SVG
 * inside an HTML page holds for the whole page. Plain rules only, without custom properties, so that
 * renderers other than browsers (librsvg, Inkscape) show the same.
 */
import { BOX_TEXT, palette } from '../flame-graph/palette.ts';
import { DARK, LIGHT, MATCH_COLOUR, MONOSPACE, type Theme } from '../flame-graph/theme.ts';

/** A colour of boxes, by its class. */
type Shade = (typeof palette)[number];

function themeRules(theme: Theme, shades: readonly Shade[], shade: 'light' | 'dark'): string[] {
  const { page, text, muted, edge, field, outline } = theme;
  return [
    `{background:${page}}`,
    ` .bg{fill:${page}}`,
    ` .strong{fill:${text}}`,
    ` .muted{fill:${muted}}`,
    ` .edge{fill:${edge}}`,
    ` .boxes.searching text{fill:${text}}`,
    ` .boxes rect:hover{stroke:${outline}}`,
    ` .boxes rect.cursor{stroke:${outline}}`,
    ` input{color:${text};background:${field};border-color:${edge}}`,
    ` button{color:${text};background:${field};border-color:${edge}}`,
    ` output{color:${text}}`,
    ...shades.map((entry) => ` .${entry.className}{fill:${entry[shade]}}`),
  ];
}

const COMMON = [
  "{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color-scheme:light dark}",
  ' .title{font-size:17px;font-weight:600}',
  ' .subtitle,_ .legend text{font-size:12px}',
  ` .mono,_ .boxes text{font-family:${MONOSPACE};font-size:12px}`,
  ' .mono{white-space:pre}',
  ' .mono.strong{font-weight:600}',
  ` .boxes text{fill:${BOX_TEXT};pointer-events:none}`,
  ' .boxes rect{cursor:pointer}',
  ' .boxes:focus{outline:none}',
  ' .boxes rect:hover{stroke-width:1}',
  ' .boxes rect.cursor{stroke-width:2}',
  ' .boxes .caller{opacity:.55}',
  ' .searching rect{opacity:.35}',
  ' .searching text{opacity:.6}',
  ` .boxes.searching text.match{opacity:1;fill:${BOX_TEXT}}`,
  ` .searching rect.match{opacity:1;fill:${MATCH_COLOUR}}`,
  ' .controls{display:flex;gap:6px;align-items:center;justify-content:flex-end;height:30px;font-size:12px}',
  ' .controls input,_ .controls button{font:inherit;box-sizing:border-box;height:26px;margin:0;padding:0 8px;border-width:1px;border-style:solid;border-radius:5px}',
  ' .controls input{width:180px}',
  ' .controls button{cursor:pointer;white-space:nowrap}',
  ' .controls button:disabled{opacity:.45;cursor:default}',
  ' .controls output{white-space:nowrap;font-weight:600}',
];

/** The class of the root element, to which all rules are scoped. */
export const SCOPE = 'waggle-flame-graph';

function scoped(rules: readonly string[]): string {
  return rules.map((rule) => `.${SCOPE}${rule.replaceAll(',_ ', `,.${SCOPE} `)}`).join('\n');
}

/** With `more` colours of boxes than the palette's. */
export function styleSheet(more: readonly Shade[] = []): string {
  const shades = [...palette, ...more];
  return [
    // Less specific than the highlight of a search below: shades first.
    scoped(themeRules(LIGHT, shades, 'light')),
    `@media (prefers-color-scheme:dark){\n${scoped(themeRules(DARK, shades, 'dark'))}\n}`,
    scoped(COMMON),
  ].join('\n');
}
