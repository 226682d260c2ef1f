import type { Problem } from "../../core/values/problem.ts";
import type { CanaryStepView, ReleaseStateName, ReleaseSummary, ReleaseView } from "../../core/views/release-view.ts";
import { type Html, html, page } from "./html.ts";

/** All releases, newest first. */
export function releasesPage(releases: readonly ReleaseSummary[]): string {
  if (releases.length === 0) {
    return page(
      "Releases",
      html`<h1>Releases</h1><p>There is none yet. Make one: <code>mobius release release-manifests/&lt;manifest&gt;.yaml</code></p>`,
    );
  }
  const rows = releases.map(
    (release) => html`<tr>
<td><a href="/releases/${release.id}">${release.id}</a></td><td>${stateOf(release.state)}</td><td>${release.environment}</td>
<td><code>${release.manifest}</code></td><td>${release.requestedBy}</td><td><time>${release.requestedAt}</time></td></tr>`,
  );
  return page(
    "Releases",
    html`<h1>Releases</h1>${metricsLinks(releases)}<div class="table"><table><caption>Newest first</caption>
<thead><tr><th scope="col">Release</th><th scope="col">State</th><th scope="col">Environment</th><th scope="col">Manifest</th><th scope="col">Asked for by</th><th scope="col">When</th></tr></thead>
<tbody>${rows}</tbody></table></div>`,
  );
}

function metricsLinks(releases: readonly ReleaseSummary[]): Html {
  const environments = [...new Set(releases.map(({ environment }) => environment))].sort();
  const links = environments.map((name) => html` <a href="/environments/${name}/metrics">${name}</a>`);
  return html`<p>Metrics:${links}</p>`;
}

/** One release: state, problem, phases, services and log. */
export function releasePage(release: ReleaseView, log: readonly string[], sequence: number): string {
  const follows = release.isFinished ? html`` : html` data-release="${release.id}" data-sequence="${sequence}"`;
  return page(
    `${release.id} ${release.state}`,
    html`<h1>${release.id} ${stateOf(release.state)}</h1>
<p><code>${release.manifest}</code> to ${release.environment}, plan <code>${release.planDigest.slice(0, 19)}</code>, asked for by ${release.requestedBy}</p>
${release.waitingFor === undefined ? "" : html`<p>Waits for ${release.waitingFor}.</p>`}
${release.problem === undefined ? "" : problemBox(release.problem)}
${release.buildId === undefined ? "" : html`<p><a href="/builds/${release.buildId}">Log of build ${release.buildId}</a></p>`}
${phasesTable(release)}${canaryTable(release.canary ?? [])}${servicesTable(release)}
<h2>Log</h2><pre id="log" tabindex="0"${follows}>${log.map((line) => html`${line}\n`)}</pre>`,
    "/board.js",
  );
}

/** A build's log. */
export function buildPage(build: string, text: string): string {
  return page(`Build ${build}`, html`<h1>Build ${build}</h1><pre tabindex="0">${text}</pre>`);
}

/** What somebody without a session sees. */
export function doorPage(): string {
  return page(
    "Sign in",
    html`<h1>Sign in</h1><p>Open the board by the link that <code>mobius demo</code> or <code>mobius serve</code> printed. It opens one session.</p>`,
  );
}

/** What could not be shown, and why. */
export function refusalPage(problems: readonly Problem[]): string {
  return page("Not to be shown", html`<h1>Not to be shown</h1>${problems.map(problemBox)}`);
}

/** Nothing of that name. */
export function missingPage(): string {
  return page("Not found", html`<h1>Not found</h1><p>There is nothing of that name. <a href="/">All releases</a></p>`);
}

const MARKS: Readonly<Record<ReleaseStateName, readonly [string, string]>> = {
  queued: ["busy", "…"],
  waiting: ["busy", "◦"],
  building: ["busy", "▸"],
  shifting: ["busy", "▸"],
  verifying: ["busy", "▸"],
  recording: ["busy", "▸"],
  restoring: ["bad", "↺"],
  succeeded: ["good", "✓"],
  failed: ["bad", "✗"],
  cancelled: ["bad", "■"],
  "rolled-back": ["bad", "↺"],
  "rollback-failed": ["bad", "!"],
};

function stateOf(state: ReleaseStateName): Html {
  const [kind, mark] = MARKS[state];
  return html`<span class="${kind}"><span aria-hidden="true">${mark}</span> ${state}</span>`;
}

function problemBox(problem: Problem): Html {
  return html`<section class="bad" aria-label="Problem"><h2>${problem.summary}</h2><p>${problem.why.join(" ")}</p></section>
<p>To fix: ${problem.fix} (<code>${problem.code}</code>)</p>`;
}

function phasesTable(release: ReleaseView): Html {
  const marks = { waiting: "…", running: "▸", succeeded: "✓", failed: "✗", skipped: "–" };
  const rows = release.phases.map(
    (phase) =>
      html`<tr><td>${phase.phase} ${phase.subject ?? ""}</td><td class="state">${marks[phase.state]} ${phase.state}</td><td>${phase.try}</td><td>${phase.summary ?? ""}</td></tr>`,
  );
  return html`<div class="table"><table><caption>Phases</caption><thead><tr><th scope="col">Phase</th><th scope="col">State</th><th scope="col">Try</th><th scope="col">Outcome</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function canaryTable(steps: readonly CanaryStepView[]): Html {
  if (steps.length === 0) return html``;
  const rows = steps.map(
    ({ step, percent, services, state, until, evidence }) =>
      html`<tr><td>${step}</td><td>${percent} % of ${services.join(", ")}</td><td class="state">${state}</td><td>${until ?? ""}</td><td>${evidence ?? ""}</td></tr>`,
  );
  return html`<div class="table"><table><caption>Canary</caption><thead><tr><th scope="col">Step</th><th scope="col">Share</th><th scope="col">State</th><th scope="col">Bakes until</th><th scope="col">Evidence</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Only an address of the web is made a link: another scheme would run what it says. */
function linkTo(url: string): Html {
  return /^https?:\/\//.test(url) ? html`<a href="${url}">${url}</a>` : html`${url}`;
}

function servicesTable(release: ReleaseView): Html {
  const rows = release.services.map(
    (service) =>
      html`<tr><td>${service.service}</td><td>${service.state}</td><td>${service.revision ?? ""}</td><td><code>${service.digest?.slice(0, 19) ?? ""}</code></td><td>${service.url === undefined ? "" : linkTo(service.url)}</td></tr>`,
  );
  return html`<div class="table"><table><caption>Services</caption><thead><tr><th scope="col">Service</th><th scope="col">State</th><th scope="col">Revision</th><th scope="col">Image</th><th scope="col">Address</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
