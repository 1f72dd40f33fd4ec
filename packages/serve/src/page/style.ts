/**
 * The page's style sheet, in the colours of the pages that `record` and `trace` write. Names of fonts only: none
 * is loaded.
 */

import { type ColourVariables, colourRules, PAGE_COLOURS } from '@waggle/text/page';

const LIGHT: ColourVariables = {
  cpu: '#e9a35b',
  execs: '#5b8db8',
  failures: '#c4432e',
  selection: '#b4530a2e',
  chosen: '#f8d9b4',
};

const DARK: ColourVariables = {
  cpu: '#b9762f',
  execs: '#6fa3cf',
  failures: '#ff7b66',
  selection: '#f2a65a38',
  chosen: '#5c4022',
};

const RULES = `
*{box-sizing:border-box}
[hidden]{display:none!important}
:root{--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font:13px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
body{margin:0;height:100vh;display:flex;flex-direction:column;background:var(--page);color:var(--text);overflow:hidden}
:focus-visible{outline:2px solid var(--accent);outline-offset:-2px}
button,input,select{font:inherit;color:inherit}
button,select,summary,input[type=search],input[type=password],input[type=datetime-local]{height:28px;padding:0 11px;border:1px solid var(--edge);border-radius:6px;background:var(--field);white-space:nowrap}
button,summary,select{cursor:pointer}
button:hover,summary:hover{border-color:var(--muted)}
button[aria-pressed=true]{background:var(--text);border-color:var(--text);color:var(--page)}
input::placeholder{color:var(--muted);opacity:1}
.grow{flex:1 1 auto}
.bad{color:var(--danger);font-weight:600}
.field{display:flex;align-items:center;gap:6px;color:var(--muted)}
.field select,.field input{color:var(--text)}
header{display:flex;flex-wrap:wrap;align-items:center;gap:7px;padding:9px 14px 7px}
h1{margin:0;font-size:17px;font-weight:600;overflow-wrap:anywhere}
.choice{display:flex}
.choice button{border-radius:0;margin-left:-1px}
.choice button:first-of-type{border-radius:6px 0 0 6px;margin-left:0}
.choice button:last-of-type{border-radius:0 6px 6px 0}
.state{padding:2px 9px;border-radius:10px;border:1px solid var(--edge);color:var(--muted)}
.state::before{content:'';display:inline-block;width:8px;height:8px;margin-right:6px;border-radius:50%;background:var(--muted)}
.state.open::before{background:#4c9a5b}
.state.reconnecting::before{background:var(--danger)}
details{position:relative}
summary{display:flex;align-items:center;list-style:none}
summary::-webkit-details-marker{display:none}
details ul{position:absolute;z-index:4;right:0;margin:4px 0 0;padding:6px 0;min-width:230px;list-style:none;border:1px solid var(--edge);border-radius:7px;background:var(--field);box-shadow:0 5px 22px rgb(0 0 0/.22)}
details a{display:block;padding:4px 13px;color:var(--text);text-decoration:none}
details a:hover,details a:focus{background:var(--raised);text-decoration:underline}
#notice{padding:6px 14px;background:var(--chosen);color:var(--text)}
#overview{padding:0 14px 6px;border-bottom:1px solid var(--edge)}
.captions{display:flex;flex-wrap:wrap;align-items:center;gap:2px 16px;min-height:30px;color:var(--muted);font-variant-numeric:tabular-nums}
.captions #span-text{color:var(--text);font-weight:600}
.captions button{height:24px}
#cpu-now::before,#activity-now::before{content:'';display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px;background:var(--cpu)}
#activity-now::before{background:var(--execs)}
#strip{height:88px;cursor:crosshair;touch-action:none;border:1px solid var(--edge);border-radius:5px;background:var(--raised);overflow:hidden}
#strip-canvas{display:block}
main{flex:1 1 0;min-height:0;display:flex}
#processes{flex:0 0 clamp(250px,27%,460px);min-width:0;display:flex;flex-direction:column;border-right:1px solid var(--edge)}
.bar{flex:none;display:flex;flex-wrap:wrap;align-items:center;gap:7px 11px;padding:7px 14px}
.bar input[type=search]{flex:1 1 120px;min-width:0}
.check{display:flex;align-items:center;gap:4px;white-space:nowrap}
.scroller{flex:1 1 0;min-height:0;overflow-x:hidden;overflow-y:auto;position:relative}
.row{display:flex;gap:8px;height:24px;align-items:center;padding:0 14px 0 8px;white-space:nowrap;cursor:pointer;font-variant-numeric:tabular-nums}
.row.head{position:sticky;top:0;z-index:1;background:var(--raised);border-bottom:1px solid var(--edge);font-weight:600;cursor:default}
.row .number{flex:0 0 58px;text-align:right}
.row .name{flex:1 1 0;min-width:0;display:flex;overflow:hidden;font-family:var(--mono);font-size:12px}
.row .label{min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:pre}
.row .rest{flex:none;color:var(--muted)}
.row.ended .name{color:var(--muted);font-style:italic}
.row.failed .name{color:var(--danger)}
.row:not(.head):hover{background:var(--raised)}
.row.active{box-shadow:inset 0 1px var(--accent),inset 0 -1px var(--accent)}
.row.chosen{background:var(--chosen)}
.row.chosen .rest,.row.chosen.ended .name{color:var(--text)}
.caption{flex:none;padding:4px 14px;color:var(--muted);background:var(--raised);border-top:1px solid var(--edge)}
#views{flex:1 1 0;min-width:0;display:flex;flex-direction:column}
.tabs{flex:none;display:flex;gap:2px;padding:7px 14px 0;border-bottom:1px solid var(--edge)}
.tabs button{border-bottom:0;border-radius:6px 6px 0 0;background:none;color:var(--muted)}
.tabs button[aria-selected=true]{background:var(--raised);color:var(--text);font-weight:600}
.view{flex:1 1 0;min-height:0;display:flex;flex-direction:column;position:relative}
.frames{flex:1 1 0;min-height:0;position:relative}
.frames iframe{position:absolute;inset:0;width:100%;height:100%;border:0;background:var(--page)}
.frames iframe.coming{visibility:hidden}
.hint{margin:0;padding:14px;color:var(--muted)}
.hint:empty{display:none}
table{width:100%;border-spacing:0;table-layout:fixed;font-variant-numeric:tabular-nums}
th{position:sticky;top:0;z-index:1;height:26px;padding:0 8px;background:var(--raised);border-bottom:1px solid var(--edge);text-align:left;font-weight:600}
th:nth-child(1){width:110px}th:nth-child(2){width:92px}th:nth-child(3){width:82px}th:nth-child(4){width:150px}
td{height:23px;padding:0 8px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.number{text-align:right}
td.what,td.process{font-family:var(--mono);font-size:12px}
tr.failed td.what,tr.lost td{color:var(--danger)}
tr:hover td{background:var(--raised)}
output{color:var(--muted);white-space:nowrap}
dialog{max-width:480px;border:1px solid var(--edge);border-radius:10px;background:var(--page);color:var(--text)}
dialog::backdrop{background:rgb(0 0 0/.4)}
dialog input{flex:1 1 auto}
code{font-family:var(--mono);font-size:12px}
@media(max-width:820px){
body{height:auto;min-height:100vh;overflow:auto}
main{flex-direction:column}
#processes{flex:none;height:260px;border-right:0;border-bottom:1px solid var(--edge)}
#views{flex:none;height:620px}
th:nth-child(1){width:100px}th:nth-child(2){width:82px}th:nth-child(3){width:66px}th:nth-child(4){width:110px}
}
@media(max-width:600px){th:nth-child(4),td:nth-child(4){display:none}}
@media(prefers-reduced-motion:no-preference){.state.reconnecting::before,.state.connecting::before{animation:pulse 1.2s infinite alternate}@keyframes pulse{to{opacity:.25}}}
`;

export function pageStyle(): string {
  const { light, dark } = PAGE_COLOURS;
  return [colourRules({ ...light, ...LIGHT }, { ...dark, ...DARK }), RULES.trim(), ''].join('\n');
}
