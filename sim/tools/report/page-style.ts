/** The style sheet of a report. Colours by name: the charts read them too, so that light and dark are one switch. */
export const PAGE_STYLE = `
:root {
  color-scheme: light;
  --page: #ffffff; --panel: #f6f7f9; --text: #1a1f26; --muted: #5a6472; --grid: #e3e6ea; --edge: #d3d8de;
  --good: #106c32; --bad: #b3261e; --accent: #0b5cad;
  --fault: #b86e00; --operation: #0b5cad; --violation: #d0021b;
  --line-0: #0b5cad; --line-1: #c8500a; --line-2: #107c56; --line-3: #b0348f; --line-4: #7a5c00;
  --line-5: #2b95c9; --line-6: #5b46a8; --line-7: #c23b53; --line-8: #5f7d1f; --line-9: #6b7280;
  --heat-0: #eef3f9; --heat-1: #5aa2d8; --heat-2: #08306b; --heat-offline: #e6b3a8;
}
:root[data-theme="dark"] { color-scheme: dark; DARK }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { color-scheme: dark; DARK } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 1rem 1.25rem 4rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; }
a { color: var(--accent); }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; justify-content: space-between; align-items: center; }
button, input { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--edge); border-radius: 6px;
  padding: .25rem .7rem; }
button { cursor: pointer; }
input { width: 7rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; margin: .75rem 0; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; }
.verdict { padding: .6rem .9rem; border-radius: 8px; border: 1px solid; margin: 1rem 0; font-weight: 600; }
.verdict p { margin: 0; } .verdict ul { margin: .3rem 0 0; font-weight: 400; }
.verdict.good { border-color: var(--good); color: var(--good); }
.verdict.bad { border-color: var(--bad); color: var(--bad); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: .6rem; margin: 1rem 0; }
.facts div { background: var(--panel); border-radius: 8px; padding: .5rem .75rem; }
.facts dt { color: var(--muted); font-size: .82rem; } .facts dd { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { background: var(--panel); border-radius: 8px; padding: .6rem .8rem; white-space: pre-wrap; margin: .5rem 0; }
#window { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .4rem .8rem; align-items: center;
  background: var(--page); padding: .5rem 0; border-bottom: 1px solid var(--edge); }
#window label { display: flex; gap: .4rem; align-items: center; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; color: var(--muted); font-size: .85rem; margin: .5rem 0; }
.legend i { display: inline-block; width: 1rem; border-top: 2px dashed; vertical-align: middle; margin-right: .3rem; }
.legend .fault { border-color: var(--fault); } .legend .operation { border-color: var(--operation); }
.legend .violation { border-color: var(--violation); border-top-style: solid; }
figure { margin: 1.25rem 0 2rem; }
figcaption p { margin: .1rem 0 .5rem; color: var(--muted); font-size: .88rem; }
.summary { color: var(--muted); font-size: .85rem; margin: .3rem 0; }
.nothing { background: var(--panel); border-radius: 8px; padding: 1.25rem; color: var(--muted); margin: 0; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: start; font-size: .88rem; }
.tools details { flex: 1 1 100%; } summary { cursor: pointer; color: var(--accent); width: max-content; max-width: 100%; }
.scroll { overflow: auto; max-height: 26rem; border: 1px solid var(--edge); border-radius: 8px; margin: .4rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding: .35rem .6rem; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--grid); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } td.text, th.text { text-align: left; white-space: normal; overflow-wrap: anywhere; }
thead th { color: var(--muted); font-weight: 600; position: sticky; top: 0; background: var(--page); }
tbody th { font-weight: 500; }
.better { color: var(--good); font-weight: 600; } .worse { color: var(--bad); font-weight: 600; }
.kind-fault { color: var(--fault); } .kind-operation { color: var(--operation); } .kind-violation { color: var(--violation); font-weight: 600; }
canvas { display: block; } .plot { min-width: 0; position: relative; }
.tip { position: absolute; z-index: 3; pointer-events: none; background: var(--text); color: var(--page); border-radius: 6px;
  padding: .2rem .5rem; font-size: .82rem; max-width: 18rem; }
.printing body { width: 700px; } .note { font-size: .85rem; min-height: 1.3em; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.reading { font-size: .88rem; margin: .3rem 0; min-height: 1.4em; }
.scale { height: .7rem; width: 12rem; border-radius: 4px; display: inline-block; vertical-align: middle; margin: 0 .4rem;
  background: linear-gradient(to right, var(--heat-0), var(--heat-1), var(--heat-2)); }
.away { display: inline-block; width: .9rem; height: .7rem; background: var(--heat-offline); margin: 0 .3rem 0 1rem; border-radius: 3px; }
.u-legend { text-align: left !important; color: var(--text); font-size: 12.5px; margin: .2rem 0 0 !important; }
.u-legend th, .u-legend td { border: 0; padding: 0 .15rem; text-align: left; }
.u-legend.u-inline .u-series { margin-right: .8rem; }
.u-legend .u-series th { cursor: pointer; } .u-legend .u-value { min-width: 4.2em; display: inline-block; }
.u-legend .u-series th::after { display: none !important; } .u-legend .u-label { margin-right: .35em; }
.u-select { background: color-mix(in srgb, var(--accent) 18%, transparent) !important; }
.u-cursor-x, .u-cursor-y { border-color: var(--muted) !important; }
@media (max-width: 600px) { body { padding: .75rem .75rem 3rem; } .facts { grid-template-columns: 1fr 1fr; } h2 { margin-top: 2rem; } #window { position: static; } }
@media print {
  body { max-width: none; font-size: 11px; } #window, #theme, nav, .tools, .reading, .skip { display: none; }
  figure, .verdict, .facts div { break-inside: avoid; } .scroll { max-height: none; overflow: visible; }
  .note { display: none; } thead th { position: static; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`.replaceAll(
  "DARK",
  `--page: #11151b; --panel: #1b212a; --text: #e6e9ee; --muted: #9aa5b4; --grid: #262e39; --edge: #36404d;
  --good: #5fd38d; --bad: #ff8a80; --accent: #74b6ff; --fault: #f0b04a; --operation: #74b6ff; --violation: #ff6b6b;
  --line-0: #74b6ff; --line-1: #ff9d5c; --line-2: #4fd0a0; --line-3: #f08ad2; --line-4: #d9bd4e;
  --line-5: #7fdcff; --line-6: #b6a1ff; --line-7: #ff8a9b; --line-8: #b3d468; --line-9: #a7b0bd;
  --heat-0: #1f2733; --heat-1: #2f7ab0; --heat-2: #c9ecff; --heat-offline: #7a3b34;`,
);
