/** The page's style sheet, for light and dark. Names of fonts only: none is loaded. */

import { type ColourVariables, colourRules, PAGE_COLOURS } from '@waggle/text/page';

const LIGHT: ColourVariables = {
  work: '#c9b79c',
  ok: '#9fc3a5',
  failed: '#e4694f',
  killed: '#b04ab0',
  running: '#e8c25a',
};

const DARK: ColourVariables = {
  work: '#6b5d46',
  ok: '#5f9169',
  failed: '#e8705a',
  killed: '#c873c8',
  running: '#d6b04a',
};

const RULES = `
*{box-sizing:border-box}
[hidden]{display:none!important}
:root{--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;--sans:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font:13px/1.45 var(--sans)}
body{margin:0;height:100vh;display:flex;flex-direction:column;background:var(--page);color:var(--text);overflow:hidden}
:focus-visible{outline:2px solid var(--accent);outline-offset:-2px}
button,input{font:inherit;color:inherit}
header{padding:11px 14px 8px}
h1{margin:0 0 2px;font-size:17px;line-height:1.3;font-weight:600;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.about{margin:0;display:flex;flex-wrap:wrap;gap:1px 16px;color:var(--muted)}
.about div{display:flex;gap:5px}
.about dt::after{content:':'}
.about dd{margin:0;color:var(--text);font-variant-numeric:tabular-nums}
.about .bad dd{color:var(--danger);font-weight:600}
.toolbar{padding:0 14px 9px;display:flex;flex-wrap:wrap;align-items:center;gap:7px;border-bottom:1px solid var(--edge)}
.toolbar button,.search input{height:28px;padding:0 11px;border:1px solid var(--edge);border-radius:6px;background:var(--field);white-space:nowrap}
.toolbar button{cursor:pointer}
.toolbar button:hover{border-color:var(--muted)}
.toolbar button[aria-pressed=true]{background:var(--text);border-color:var(--text);color:var(--page)}
.toolbar button[aria-disabled=true]{opacity:.45;cursor:default}
.choice{display:flex;align-items:center}
.choice>span{margin-right:7px;color:var(--muted)}
.choice button{border-radius:0;margin-left:-1px}
.choice button:first-of-type{border-radius:6px 0 0 6px;margin-left:0}
.choice button:last-of-type{border-radius:0 6px 6px 0}
.search{flex:1 1 220px;display:flex;align-items:center;gap:9px;min-width:180px}
.search input{flex:1 1 auto;min-width:0;max-width:380px;padding:0 9px}
.search input::placeholder{color:var(--muted);opacity:1}
output{font-weight:600;white-space:nowrap;font-variant-numeric:tabular-nums}
.legend{display:flex;gap:12px;color:var(--muted)}
.legend span{display:flex;align-items:center;gap:5px}
.dot{flex:none;display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
.legend .dot{margin:0}
.dot.ok{background:var(--ok)}.dot.failed{background:var(--failed)}.dot.killed{background:var(--killed)}.dot.running{background:var(--running)}
main{flex:1 1 0;min-height:0;display:flex}
.view{flex:1 1 0;min-width:0;display:flex;flex-direction:column}
#strip{flex:0 0 78px;overflow:hidden;border-bottom:1px solid var(--edge);background:var(--raised)}
.scroller{flex:1 1 0;min-height:0;overflow-x:hidden;overflow-y:auto;position:relative}
#chart-scroller{cursor:grab;touch-action:none;margin-top:4px}
#chart-scroller:active{cursor:grabbing}
#chart-canvas{position:sticky;top:0;display:block}
#details{flex:0 0 clamp(392px,33vw,470px);min-width:0;overflow-y:auto;padding:10px 14px;border-left:1px solid var(--edge)}
#details h2{margin:0 0 6px;font-size:15px;overflow-wrap:anywhere}
#details h3{margin:14px 0 4px;font-size:13px}
#details .bad{color:var(--danger)}
.facts{margin:0;display:grid;grid-template-columns:auto 1fr;gap:1px 12px}
.facts dt{color:var(--muted)}
.facts dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.command{display:flex;align-items:flex-start;gap:6px;margin:2px 0 5px;padding:6px 8px;border:1px solid var(--edge);border-radius:6px;background:var(--raised)}
.command code{flex:1 1 auto;max-height:180px;overflow-y:auto}
code,pre{font:12px/1.5 var(--mono);overflow-wrap:anywhere;white-space:pre-wrap;margin:0}
button.small{flex:none;padding:0 8px;border:1px solid var(--edge);border-radius:5px;background:var(--field);cursor:pointer}
button.link{padding:0;border:0;background:none;color:var(--accent);cursor:pointer;text-align:left;overflow-wrap:anywhere}
.hint{margin:2px 0 8px;color:var(--muted)}
.programs{width:100%;border-spacing:0;font-variant-numeric:tabular-nums}
.programs th{padding:3px 0 3px 6px;text-align:right;font-weight:600;color:var(--muted);border-bottom:1px solid var(--edge)}
.programs td{padding:2px 0 2px 6px;text-align:right;white-space:nowrap}
.programs th:first-child,.programs td.name{padding-left:0;text-align:left}
.programs td.name{max-width:128px;overflow:hidden}
.programs td.name button{color:inherit;font-family:var(--mono);font-size:12px;white-space:nowrap;max-width:108px;overflow:hidden;text-overflow:ellipsis;vertical-align:bottom}
.programs td:nth-child(3){color:var(--danger)}
#table{width:100%;border-spacing:0;table-layout:fixed;font-variant-numeric:tabular-nums}
#table th{position:sticky;top:0;z-index:1;height:28px;padding:0;background:var(--raised);border-bottom:1px solid var(--edge);text-align:left;width:96px}
#table th:last-child{width:auto}
#table th button{width:100%;height:28px;padding:0 8px;border:0;background:none;text-align:inherit;font-weight:600;cursor:pointer;white-space:nowrap}
#table th.number,#table td.number{text-align:right}
#table td{height:24px;padding:0 8px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
#table td:last-child{font:12px var(--mono)}
#table td.bad{color:var(--danger);font-weight:600}
#table tbody tr{cursor:pointer}
#table tbody tr:hover td{background:var(--raised)}
#table tr.active td{box-shadow:inset 0 1px var(--accent),inset 0 -1px var(--accent)}
.caption{flex:none;padding:4px 14px;color:var(--muted);border-bottom:1px solid var(--edge)}
footer{flex:none;display:flex;gap:18px;padding:5px 14px;border-top:1px solid var(--edge);background:var(--raised)}
#status{flex:1 1 0;min-width:0;font:12px/20px var(--mono);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.keys{flex:none;color:var(--muted)}
.empty{margin:auto;font-size:15px;color:var(--muted)}
@media(max-width:1180px){.keys{display:none}}
@media(max-width:820px){main{flex-direction:column}#details{flex:0 0 34%;border-left:0;border-top:1px solid var(--edge)}}
@media(forced-colors:active){.dot{forced-color-adjust:none}}
`;

export function pageStyle(): string {
  const { light, dark } = PAGE_COLOURS;
  return [colourRules({ ...light, ...LIGHT }, { ...dark, ...DARK }), RULES.trim()].join('\n');
}
