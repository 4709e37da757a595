/// How a report looks.
#ifndef LLMC_RUNTIME_VERBS_REPORT_STYLE_H
#define LLMC_RUNTIME_VERBS_REPORT_STYLE_H

namespace llmc::page {

/// CSS of the page: light and dark, wide and narrow, and for paper. It names
/// no other resource.
inline constexpr const char style[] = R"css(
:root{color-scheme:light dark;--fg:#1d2127;--bg:#fff;--soft:#6a7280;--line:#e2e5ea;--tint:#f5f6f8;
--accent:#2f6fb0;--warm:#c2661c;--green:#3b8a4e;--plum:#8a4f9e;--track:#e8ebef;
--weights:#9dc3e6;--kernels:#f4c08c;--stub:#c3c8d0;--header:#d8b4d8;--tokenizer:#a9d8ab;--other:#e3d98a;--ink:#1d2127}
@media (prefers-color-scheme:dark){:root{--fg:#dde1e7;--bg:#16191d;--soft:#949ca8;--line:#2d333b;--tint:#1e2227;
--accent:#7db4ea;--warm:#f0a35e;--green:#7fcb90;--plum:#cf9ae0;--track:#2d333b;
--weights:#3f6f9c;--kernels:#96612c;--stub:#565d68;--header:#7a527f;--tokenizer:#417a4a;--other:#77702f;--ink:#f2f4f7}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0 auto;padding:1.5rem 1.25rem 4rem;max-width:76rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;overflow-wrap:break-word}
code{font:0.86em ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .2rem;font-weight:650}
h2{font-size:1.25rem;margin:2.6rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line);font-weight:650}
h3{font-size:1rem;margin:1.6rem 0 .5rem;font-weight:650}
p{margin:.5rem 0;max-width:46rem}
a{color:var(--accent)}
.lead-in,.note,figcaption{color:var(--soft)}
.lead-in{margin-bottom:1rem}
.note{font-size:.9em}
.warning{border-left:3px solid var(--warm);padding-left:.7rem}
nav{margin:1rem 0}
nav a{display:inline-block;margin:0 1rem .2rem 0;text-decoration:none}
nav a:hover{text-decoration:underline}
.wide,figure{overflow-x:auto}
.wide td{white-space:nowrap}
.wide td.operands{white-space:normal;min-width:26rem}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.28rem .6rem .28rem 0;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
th{font-weight:600}
thead th{color:var(--soft);font-weight:500;font-size:.85em;vertical-align:bottom}
tfoot th,tfoot td{border-bottom:0;font-weight:600}
tbody tr:hover td{background:var(--tint)}
.n{text-align:right;white-space:nowrap}
thead th{white-space:normal}
td.n{padding-left:.4rem}
.bar .track{width:5.5rem}
.facts th{color:var(--soft);font-weight:500;white-space:nowrap;padding-right:1.4rem}
.columns{display:flex;flex-wrap:wrap;gap:1rem 4rem}
.columns h3{margin-top:.2rem}
.track{display:inline-block;width:7.5rem;height:.55rem;border-radius:2px;background:var(--track);overflow:hidden;vertical-align:baseline}
.fill{display:block;height:100%;background:var(--accent)}
.fill.part{background:var(--warm)}
.fill.weights{background:var(--weights)}.fill.kernels{background:var(--kernels)}.fill.stub{background:var(--stub)}
.fill.header{background:var(--header)}.fill.tokenizer{background:var(--tokenizer)}.fill.other{background:var(--other)}
details{margin:.6rem 0}
summary{cursor:pointer;font-weight:600;padding:.2rem 0}
.schedule td{border-bottom:0;padding-top:.2rem;padding-bottom:.2rem}
.schedule tbody{border-bottom:1px solid var(--line)}
.fold{border-left:3px solid var(--accent)}
.fold tr>:first-child{padding-left:.5rem}
.times th{color:var(--accent);border-bottom:0}
.times .note{font-weight:400;margin-left:.5rem}
.operand{display:inline-block;margin-right:.9rem;white-space:nowrap;color:var(--soft)}
.operand b{color:var(--fg);font-weight:500}
.operand i{display:inline-block;width:.55em;height:.55em;border-radius:50%;margin-right:.3em;background:var(--stub)}
i.weight{background:var(--weights)}i.arena{background:var(--kernels)}i.input,i.output{background:var(--tokenizer)}
i.keys,i.values{background:var(--header)}
figure{margin:1rem 0}
figcaption{font-size:.9rem;max-width:52rem}
figcaption b{color:var(--fg)}
svg{display:block;width:100%;height:auto;margin:.4rem 0;font-family:inherit}
svg.memory{min-width:40rem}
svg.memory text{fill:var(--fg)}
svg.memory line{stroke:var(--line)}
svg.memory rect:hover,.treemap g:hover rect{stroke:var(--fg);stroke-width:1.5}
.treemap rect{stroke:var(--bg);stroke-width:1.5}
.treemap text{font-size:12px;fill:var(--ink);font-weight:600;pointer-events:none}
.treemap .size{font-weight:400}
.treemap .weights rect{fill:var(--weights)}.treemap .kernels rect{fill:var(--kernels)}.treemap .stub rect{fill:var(--stub)}
.treemap .header rect{fill:var(--header)}.treemap .tokenizer rect{fill:var(--tokenizer)}.treemap .other rect{fill:var(--other)}
.roofline,.memory{max-width:60rem}
.roofline text{font-size:12px;fill:var(--soft)}
.roofline .name,.roofline .limit{fill:var(--fg);paint-order:stroke;stroke:var(--bg);stroke-width:3.5;stroke-linejoin:round}
.roofline .limit{font-weight:600}
.grid{stroke:var(--line)}
.lead{stroke:var(--soft);stroke-width:.7;opacity:.6}
.roof.caches{stroke-dasharray:6 5;stroke-width:1.4}
.roof{fill:none;stroke:var(--fg);stroke-width:2;stroke-linejoin:round}
.phase0{--point:var(--accent)}.phase1{--point:var(--warm)}.phase2{--point:var(--green)}.phase3{--point:var(--plum)}
.point circle{fill:var(--point);stroke:var(--bg);stroke-width:1}
.point line{stroke:var(--point);stroke-width:1;stroke-dasharray:2 3}
.point .roofmark{fill:var(--bg);stroke:var(--point);stroke-width:1.6}
.point:hover circle{stroke:var(--fg);stroke-width:2}
.legend span{margin-right:1.4rem;white-space:nowrap;color:var(--fg)}
.legend i{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.45em;background:var(--point)}
footer{margin-top:3rem;color:var(--soft);font-size:.85rem}
@media (min-width:75rem){body{max-width:88rem;padding-left:15rem;position:relative}
nav{position:fixed;top:2rem;width:11rem;margin-left:-13rem}nav a{display:block;margin:0 0 .35rem}}
@media (max-width:40rem){body{font-size:14px;padding:1rem .8rem 3rem}.columns{gap:1rem}
.track{width:4.5rem}.roofline{min-width:36rem}.treemap{min-width:30rem}}
@media print{:root{color-scheme:light;--fg:#000;--bg:#fff;--soft:#444;--line:#ccc;--tint:#fff;--accent:#2f6fb0;--ink:#000;
--weights:#9dc3e6;--kernels:#f4c08c;--stub:#c3c8d0;--header:#d8b4d8;--tokenizer:#a9d8ab;--other:#e3d98a;--track:#e8ebef}
body{max-width:none;padding:0;font-size:10pt}nav,.screen,.bar{display:none}.wide,figure{overflow:visible}table{font-size:7pt}.wide td{white-space:normal}
details::details-content{content-visibility:visible;display:block}
svg.memory,.roofline,.treemap{min-width:0}.operand{white-space:normal}tr,figure{break-inside:avoid}h2,h3{break-after:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_STYLE_H
