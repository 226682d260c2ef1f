import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { releaseView } from "../../src/core/views/project-release.ts";
import { releasePage } from "../../src/server/board/pages.ts";
import { secondsIn, someRelease } from "../support/release-values.ts";
import { HOSTILE, MANIFEST, type ServerWorld, startServerWorld } from "./server-world.ts";

describe("the board", () => {
  let server: ServerWorld;
  let cookie: string;
  beforeAll(async () => {
    server = await startServerWorld();
    await server.asPerson("POST", "/api/v1/releases", { manifest: MANIFEST, requestId: "request-1" });
    await server.asPerson("POST", "/api/v1/releases/REL-1:cancel", { reason: HOSTILE });
    const opened = await server.ask("GET", `/?login=${server.makeLink()}`);
    expect(opened.status).toBe(303);
    cookie = opened.headers["set-cookie"]?.[0] ?? "";
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const look = (path: string) => server.ask("GET", path, { headers: { cookie: cookie.split(";")[0] ?? "" } });

  it("opens by a link once, with a cookie that no script and no other site can use", async () => {
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const link = server.makeLink();
    expect((await server.ask("GET", `/?login=${link}`)).status).toBe(303);
    const again = await server.ask("GET", `/?login=${link}`);
    expect(again.status).toBe(401);
    expect(again.headers["set-cookie"]).toBeUndefined();
    expect((await server.ask("GET", "/?login=guess")).status).toBe(401);
  });

  it.each(["/", "/releases/REL-1", "/builds/b-1", "/environments/staging/metrics"])(
    "shows nothing of %s without a session",
    async (path) => {
      const answer = await server.ask("GET", path);
      expect(answer.status).toBe(401);
      expect(answer.body).toContain("Open the board by the link");
      expect(answer.body).not.toContain("REL-1");
    },
  );

  it.each([
    ["/", "REL-1"],
    ["/releases/REL-1", "Phases"],
    ["/builds/b-1", "Step #0"],
    ["/environments/staging/metrics?minutes=9999", "Metrics of staging"],
    ["/environments/staging/metrics?minutes=<script>", "<strong>1 h</strong>"],
  ])("shows %s as text, whatever stands in it", async (path, part) => {
    const { status, headers, body } = await look(path);
    expect(status).toBe(200);
    expect(body).toContain(part);
    expect(body).not.toContain("<script>alert");
    expect(headers["content-security-policy"]).toBe("default-src 'self'; frame-ancestors 'none'; base-uri 'none'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("shows the steps of a canary, as text too", () => {
    const services = [{ service: "api", serving: "api-rel6-1", candidate: "api-rel7-1" }] as const;
    const begun = { at: secondsIn(31), until: secondsIn(41), before: [] };
    const judged = { at: secondsIn(41), verdict: "failed", evidence: HOSTILE } as const;
    const canary = [{ step: 1, percent: 10, services, begun, judged }];
    const page = releasePage(releaseView(someRelease({ canary })), [], 0);
    expect(page).toContain("<caption>Canary</caption>");
    expect(page).toContain('<td>10 % of api</td><td class="state">failed</td><td>2026-09-21T14:14:01.000Z</td>');
    expect(page).not.toContain("<script>alert");
    expect(releasePage(releaseView(someRelease()), [], 0)).not.toContain("Canary");
  });

  it("shows what was escaped, so that it can be read", async () => {
    expect((await look("/builds/b-1")).body).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
    expect((await look("/releases/REL-1")).body).toContain("&lt;script&gt;");
  });

  it("changes nothing with the cookie alone, unless the page is our own", async () => {
    const headers = { cookie: cookie.split(";")[0] ?? "" };
    const body = { manifest: MANIFEST, requestId: "request-9" };
    expect((await server.ask("POST", "/api/v1/releases", { headers, body })).status).toBe(401);
    for (const site of ["cross-site", "same-site", "none"]) {
      const answer = await server.ask("POST", "/api/v1/releases", {
        headers: { ...headers, "sec-fetch-site": site },
        body,
      });
      expect(answer.status).toBe(401);
    }
    const own = await server.ask("POST", "/api/v1/plans", {
      headers: { ...headers, "sec-fetch-site": "same-origin" },
      body: { manifest: MANIFEST },
    });
    expect(own.status).toBe(200);
  });

  it("shows how the services of an environment answered, and why it cannot where its cloud does not tell", async () => {
    const { requests } = server.world;
    const at = server.world.ports().clock.now();
    for (const status of [200, 503]) {
      requests.count({ service: HOSTILE, revision: "api-1", status, durationMs: 20, at });
    }
    const { body } = await look("/environments/staging/metrics");
    expect(body).toMatch(/<rect class="requests" x="\d+" y="1" width="0.9" height="20"\/><rect class="errors"/);
    expect(body).toContain("&lt;script&gt;");
    requests.refuse("14 UNAVAILABLE: gone for lunch");
    expect((await look("/environments/staging/metrics")).body).toContain("gone for lunch");
  });

  it("answers a page that is not there", async () => {
    expect((await look("/releases/REL-99")).status).toBe(404);
    expect((await look("/environments/nowhere/metrics")).status).toBe(404);
    expect((await look("/builds/none")).body).toContain("There is nothing of that name");
  });
});
