/** The board's one stylesheet: readable in light and dark, on a phone and on a wall. */
export const BOARD_CSS = `
:root { color-scheme: light dark; --line: #8885; --good: #1a7f37; --bad: #c0312b; --busy: #0b62c4; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; --busy: #6cb6ff; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
header, main { padding: 1rem clamp(1rem, 4vw, 3rem); }
header { border-bottom: 1px solid var(--line); font-weight: 600; }
a { color: inherit; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; }
caption { text-align: left; font-weight: 600; padding: 0.5rem 0; }
th, td { text-align: left; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); }
pre { overflow: auto; padding: 1rem; border: 1px solid var(--line); max-height: 28rem; white-space: pre-wrap; }
code { font-size: 0.9em; }
.table { overflow-x: auto; }
.chart { display: block; width: 16rem; height: 2.5rem; border-bottom: 1px solid var(--line); }
.chart .requests { fill: var(--busy); } .chart .errors { fill: var(--bad); }
.chart line { stroke: currentColor; stroke-width: 1.5px; stroke-dasharray: 3 3; vector-effect: non-scaling-stroke; }
.good, .bad, .busy, td.state { white-space: nowrap; }
section.bad { white-space: normal; }
`;

/** The board's mark: a band that comes back to where it began. */
export const BOARD_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16 16c-3-5-6-7-9-7a7 7 0 0 0 0 14c3 0 6-2 9-7s6-7 9-7a7 7 0 0 1 0 14c-3 0-6-2-9-7z" fill="none" stroke="#0b62c4" stroke-width="4"/></svg>`;

/** Follows a release: adds its log lines as they come and loads the page again when it has ended. */
export const BOARD_SCRIPT = `
const log = document.getElementById("log");
if (log && log.dataset.release) {
  const source = new EventSource("/api/v1/releases/" + log.dataset.release + "/events?after=" + log.dataset.sequence);
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    const follows = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
    if (event.line) log.append(event.at + " " + event.line + "\\n");
    if (follows) log.scrollTop = log.scrollHeight;
    if (event.type.startsWith("phase-") && event.type !== "phase-noted") document.title = event.line || document.title;
    if (event.type === "release-ended") { source.close(); location.reload(); }
  };
  log.scrollTop = log.scrollHeight;
}
`;
