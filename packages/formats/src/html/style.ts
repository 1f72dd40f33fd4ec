/** The style sheet of the page, in the colours of the SVG. Names of fonts only: none is loaded. */
import { type ColourVariables, colourRules } from '@waggle/text/page';
import { FRAME_KINDS } from '../flame-graph/caption.ts';
import { changeShades } from '../flame-graph/change-colours.ts';
import { legendClass, palette, shadeClass } from '../flame-graph/palette.ts';
import { DARK, LIGHT, MATCH_COLOUR, MONOSPACE, type Theme } from '../flame-graph/theme.ts';
import { THREAD_STATES } from '../flame-graph/thread-states.ts';

/** Beyond what the SVG has. Text on the page has a contrast of at least 4.5:1. */
interface PageColours {
  readonly raised: string;
  readonly bar: string;
  readonly grew: string;
  readonly shrank: string;
  readonly accent: string;
  readonly warning: string;
}

const LIGHT_PAGE: PageColours = {
  raised: '#f5f2ed',
  bar: '#f8d9b4',
  grew: '#b3261e',
  shrank: '#1a5fb4',
  accent: '#b4530a',
  warning: '#a13d00',
};

const DARK_PAGE: PageColours = {
  raised: '#1f2126',
  bar: '#5c4022',
  grew: '#ff8a75',
  shrank: '#8cbcf5',
  accent: '#f2a65a',
  warning: '#ffb070',
};

function variables(theme: Theme, page: PageColours, shade: 'light' | 'dark'): ColourVariables {
  const colourOf = (wanted: string) =>
    palette.find(({ className }) => className === wanted)?.[shade] ?? '';
  const kinds = FRAME_KINDS.map((kind) => [`kind-${kind}`, colourOf(legendClass(kind))]);
  const states = THREAD_STATES.map((name, state) => [
    `state-${state}`,
    colourOf(shadeClass('process', name)),
  ]);
  const ramp = changeShades.map((each) => each[shade]).join(',');
  return {
    ...theme,
    ...page,
    ...Object.fromEntries([...kinds, ...states]),
    ramp: `linear-gradient(90deg,${ramp})`,
  };
}

const RULES = `
*{box-sizing:border-box}
[hidden]{display:none!important}
:root{--mono:${MONOSPACE};--functions:36%;--match:${MATCH_COLOUR};font:13px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
body{margin:0;height:100vh;display:flex;flex-direction:column;background:var(--page);color:var(--text);overflow:hidden}
:focus-visible{outline:2px solid var(--accent);outline-offset:-2px}
button,input{font:inherit;color:inherit}
header{padding:11px 14px 9px;display:flex;flex-wrap:wrap;align-items:flex-start;gap:4px 22px}
.heading{flex:1 1 560px;min-width:0}
.comparing .heading{flex-basis:100%}
h1{margin:0 0 3px;font-size:17px;line-height:1.3;font-weight:600;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.facts{margin:0;display:flex;flex-wrap:wrap;gap:1px 16px;color:var(--muted)}
.facts div{display:flex;gap:5px;min-width:0;max-width:100%}
.facts dt::after{content:':'}
.facts dd{margin:0;color:var(--text);font-variant-numeric:tabular-nums;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.facts .lost dd{color:var(--warning);font-weight:600}
.facts .profile{width:100%}
.facts .profile dt{min-width:48px}
.legend{list-style:none;margin:3px 0 0;padding:0;display:flex;flex-wrap:wrap;gap:2px 14px;color:var(--muted);font-variant-numeric:tabular-nums}
.legend li{display:flex;align-items:center;gap:6px}
.dot{flex:none;display:inline-block;width:10px;height:10px;border-radius:3px;background:var(--edge)}
${FRAME_KINDS.map((kind) => `.kind-${kind}{background:var(--kind-${kind})}`).join('\n')}
${THREAD_STATES.map((_, state) => `.state-${state}{background:var(--state-${state})}`).join('\n')}
.ramp{width:150px;height:12px;border-radius:3px;background:var(--ramp)}
.toolbar{padding:0 14px 9px;display:flex;flex-wrap:wrap;align-items:center;gap:7px;border-bottom:1px solid var(--edge)}
.toolbar button,.search input{height:28px;padding:0 11px;border:1px solid var(--edge);border-radius:6px;background:var(--field);white-space:nowrap}
.toolbar button{cursor:pointer}
.toolbar button:hover{border-color:var(--muted)}
.toolbar button[aria-pressed=true]{background:var(--text);border-color:var(--text);color:var(--page)}
.toolbar button[aria-disabled=true]{opacity:.45;cursor:default;border-color:var(--edge)}
.choice{display:flex;align-items:center}
.choice>span{margin-right:7px;color:var(--muted)}
.choice button{border-radius:0;margin-left:-1px}
.choice button:first-of-type{border-radius:6px 0 0 6px;margin-left:0}
.choice button:last-of-type{border-radius:0 6px 6px 0}
.search{flex:1 1 240px;display:flex;align-items:center;gap:9px;min-width:200px}
.search input{flex:1 1 auto;min-width:0;max-width:420px;padding:0 9px;cursor:text}
.search input::placeholder{color:var(--muted);opacity:1}
output{font-weight:600;white-space:nowrap;font-variant-numeric:tabular-nums}
main{flex:1 1 0;min-height:0;display:flex}
#functions{flex:0 0 var(--functions);min-width:0;display:flex;flex-direction:column;container:functions/inline-size}
#divider{flex:0 0 7px;cursor:col-resize;touch-action:none;background:linear-gradient(90deg,transparent 3px,var(--edge) 3px,var(--edge) 4px,transparent 4px)}
#divider:hover{background:var(--edge)}
.views{flex:1 1 0;min-width:0;display:flex}
.view{flex:1 1 0;min-width:0;display:flex;flex-direction:column}
.scroller{flex:1 1 0;min-height:0;overflow-x:hidden;overflow-y:auto;position:relative}
.chart{margin:6px 6px 6px 4px}
.chart canvas{position:sticky;top:0;display:block}
.caption{flex:none;padding:4px 14px 4px 7px;color:var(--muted);background:var(--raised);border-top:1px solid var(--edge);border-bottom:1px solid var(--edge)}
.charts{flex:1 1 0;min-height:0;display:flex;flex-direction:column}
.subject{padding:7px 14px 7px 7px;min-width:0}
.subject strong{font-family:var(--mono);font-weight:600;overflow-wrap:anywhere}
.subject div{color:var(--muted)}
.hint{margin:auto;padding:30px;max-width:460px;text-align:center;color:var(--muted)}
table{width:100%;border-spacing:0;table-layout:fixed;font-variant-numeric:tabular-nums}
th{position:sticky;top:0;z-index:1;height:26px;padding:0;background:var(--raised);border-bottom:1px solid var(--edge);text-align:right;font-weight:600}
th.name{text-align:left}
th.number{width:134px}
.comparing th.number{width:78px}
th button{width:100%;height:26px;padding:0 8px;border:0;background:none;text-align:inherit;font-weight:600;cursor:pointer;white-space:nowrap}
td{height:24px;padding:0 8px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
td.number{text-align:right}
td.share{background:linear-gradient(90deg,var(--bar) var(--share),transparent var(--share)) no-repeat left 3px/100% 18px}
td .count{display:inline-block;min-width:54px;color:var(--muted);margin-left:7px}
td.name{font-family:var(--mono);font-size:12px}
td.name .dot{margin-right:7px}
td.grew{color:var(--grew);font-weight:600}
td.shrank{color:var(--shrank);font-weight:600}
td.chance{color:var(--muted)}
/* A function is known by its name: in a narrow table numbers leave it room. */
@container functions (max-width:460px){
th.number{width:74px}
td .count{display:none}
.comparing th:nth-child(3),.comparing th:nth-child(4),.comparing td:nth-child(3),.comparing td:nth-child(4){display:none}
}
td.gap,.gap td{padding:0;border:0}
tbody tr{cursor:pointer}
tbody tr:not(.gap):hover td{background-color:var(--raised)}
tbody tr.selected td.name{background:var(--match);color:#1d1510}
tbody tr.active td{box-shadow:inset 0 1px var(--accent),inset 0 -1px var(--accent)}
.tag{margin-right:7px;padding:0 6px;border:1px solid currentcolor;border-radius:9px;font:600 11px/1.4 system-ui,sans-serif;color:var(--muted)}
tr.selected .tag{color:inherit}
footer{flex:none;display:flex;gap:18px;padding:5px 14px;border-top:1px solid var(--edge);background:var(--raised)}
#status{flex:1 1 0;min-width:0;font-family:var(--mono);font-size:12px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;line-height:20px}
.keys{flex:none;color:var(--muted)}
#tooltip{position:fixed;z-index:5;left:0;top:0;max-width:min(640px,calc(100vw - 12px));padding:7px 10px;border:1px solid var(--edge);border-radius:7px;background:var(--field);box-shadow:0 5px 22px rgb(0 0 0/.22);pointer-events:none;font-variant-numeric:tabular-nums}
#tooltip .name{font:600 12px/1.4 var(--mono);overflow-wrap:anywhere;display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:8;overflow:hidden}
#tooltip .line{color:var(--muted);overflow-wrap:anywhere}
.empty{margin:auto;font-size:15px;color:var(--muted)}
@media(max-width:1180px){.keys{display:none}}
@media(max-width:820px){main{flex-direction:column-reverse}#divider{cursor:row-resize;background:var(--edge);flex-basis:5px}.toolbar{padding-bottom:7px}}
@media print{body{height:auto;overflow:visible}}
`;

export function pageStyle(): string {
  const light = variables(LIGHT, LIGHT_PAGE, 'light');
  const dark = variables(DARK, DARK_PAGE, 'dark');
  return [colourRules(light, dark), RULES.trim()].join('\n');
}
