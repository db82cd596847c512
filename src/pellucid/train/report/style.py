"""The style sheet of the page: two columns at most, light and dark, phone and paper."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #fcfcfa; --panel: #f3f4f1; --ink: #1d2125; --muted: #5a636b; --line: #d5d9db;
  --blue: #2c6aad; --orange: #c75f17; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #15181b; --panel: #1e2226; --ink: #e4e7ea; --muted: #9ba5ae; --line: #3a4147;
  --blue: #72aee8; --orange: #f09a5c; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 1080px; padding: 3.5rem 2rem 4rem; background: var(--paper);
  color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
h1, h2 { font-family: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, "Liberation Serif", serif;
  font-weight: 600; line-height: 1.2; overflow-wrap: anywhere; }
h1 { margin: 0.2rem 0 0.6rem; font-size: 2.3rem; }
h2 { margin: 0 0 0.9rem; font-size: 1.5rem; }
p { margin: 0 0 0.8rem; max-width: 68ch; overflow-wrap: anywhere; }
section { margin-top: 3rem; padding-top: 2.2rem; border-top: 1px solid var(--line); }
figure { margin: 0; min-width: 0; }
figcaption, .hint { color: var(--muted); font-size: 0.9rem; line-height: 1.45; }
figcaption { margin-top: 0.4rem; }
.hint { margin: 1.1rem 0 0; }
.eyebrow, .label, dt { color: var(--muted); font-size: 0.84rem; margin: 0; }
.eyebrow { letter-spacing: 0.04em; }
.label { margin-top: 1.8rem; }
.lead { font-size: 1.15rem; }
.quiet { color: var(--muted); }
.note { padding: 0.7rem 1rem; border-left: 3px solid var(--orange); background: var(--panel); }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: 1.4rem 1.5rem;
  margin: 2rem 0 0; }
.numbers dd { margin: 0; font-size: 1.55rem; line-height: 1.3; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
pre { margin: 0; font: 0.86rem/1.5 ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace; }
.command { margin-top: 0.4rem; padding: 0.8rem 1rem; border-radius: 6px; background: var(--panel);
  white-space: pre-wrap; overflow-wrap: anywhere; }
.command span { display: inline-block; }
.scroll { overflow-x: auto; }
svg { display: block; width: 100%; height: auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
svg text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans",
  sans-serif !important; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: 2rem 3rem; }
.wide { align-items: start; }
.key { display: flex; flex-wrap: wrap; gap: 0.2rem 1.6rem; margin: 0 0 1rem; padding: 0; list-style: none;
  color: var(--muted); font-size: 0.9rem; }
.key i { display: inline-block; width: 1.4rem; margin-right: 0.5rem; vertical-align: 0.25em;
  border-top: 3px solid var(--blue); }
.key i.orange { border-color: var(--orange); }
.key i.dotted { border-top: 2px dotted var(--muted); }
.bars { width: 100%; border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
.bars th { max-width: 9rem; overflow: hidden; font-weight: 400; text-align: left; text-overflow: ellipsis;
  white-space: nowrap; }
.bars th, .bars td { padding: 0.22rem 0.7rem 0.22rem 0; }
.bars td { text-align: right; white-space: nowrap; }
.bars td:nth-child(2) { width: 100%; }
.bars td:last-child { color: var(--muted); padding-right: 0; }
.bar { display: block; height: 0.6rem; border-radius: 2px; background: var(--panel); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--blue); }
.sheet { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
.sheet th { color: var(--muted); font-weight: 400; text-align: left; border-bottom: 1px solid var(--line); }
.sheet th, .sheet td { padding: 0.28rem 2.2rem 0.28rem 0; }
.sheet th:nth-child(n+4), .sheet td:nth-child(n+4) { text-align: right; }
.sheet th:last-child, .sheet td:last-child { padding-right: 0; }
.sheet tfoot td { border-top: 1px solid var(--line); font-weight: 600; }
.finding { margin-top: 1rem; }
.finding:first-child { margin-top: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.6rem, 1fr)); gap: 1.5rem 1.1rem; }
.card img { width: 100%; margin-bottom: 0.4rem; }
.card figcaption { color: var(--ink); overflow-wrap: anywhere; }
.card .quiet { white-space: nowrap; }
.pixels { display: block; height: auto; image-rendering: pixelated; border: 1px solid var(--line);
  border-radius: 3px; }
.filters { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.4rem, 1fr)); gap: 0.7rem; }
.filters.small { grid-template-columns: repeat(auto-fill, minmax(4.4rem, 1fr)); }
.filters img { width: 100%; }
.scale { display: flex; align-items: center; gap: 0.7rem; margin-bottom: 1rem; color: var(--muted);
  font-size: 0.9rem; }
.scale i { width: 9rem; height: 0.7rem; border-radius: 2px; border: 1px solid var(--line);
  background: linear-gradient(90deg, rgb(217 107 38), rgb(217 107 38 / 0) 50%, rgb(58 127 198 / 0) 50%,
  rgb(58 127 198)); }
.layers { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr));
  gap: 2rem 2.4rem; }
.layers p { margin: 0 0 0.3rem; font-size: 0.95rem; }
footer { margin-top: 3.5rem; color: var(--muted); font-size: 0.84rem; }
@media (max-width: 640px) { body { padding: 1.8rem 1.1rem 3rem; } h1 { font-size: 1.8rem; }
  .numbers { grid-template-columns: 1fr 1fr; } section { margin-top: 2.2rem; padding-top: 1.7rem; }
  .cards { grid-template-columns: repeat(auto-fill, minmax(5.2rem, 1fr)); }
  .filters.small { grid-template-columns: repeat(auto-fill, minmax(3.4rem, 1fr)); gap: 0.5rem; } }
@media print { :root { --paper: #fff; --panel: #f3f4f1; --ink: #000; --muted: #444; --line: #ccc;
    --blue: #2c6aad; --orange: #c75f17; color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 11pt; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
  section { margin-top: 1.6rem; padding-top: 1.4rem; }
  .pair { grid-template-columns: 1fr 1fr; gap: 1.2rem 1.8rem; }
  .layers { grid-template-columns: 1fr 1fr 1fr; gap: 1rem 1.5rem; }
  figure, tr, .numbers div, .note { break-inside: avoid; }
  h2 { break-after: avoid; }
  .scroll { overflow: visible; } }
"""
