import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HOSTILE, MANIFEST, type ServerWorld, startServerWorld } from "../server/server-world.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
if (CHROMIUM === undefined) console.warn("SKIPPED: the board in a browser. Install chromium to run these tests.");

describe.skipIf(CHROMIUM === undefined)("the board in a browser", () => {
  let server: ServerWorld;
  let browser: Browser;
  let page: Page;
  const dialogs: string[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    server = await startServerWorld();
    browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });
    page = await browser.newPage({ viewport: { width: 1_200, height: 900 } });
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    page.on("console", (message) => void (message.type() === "error" && faults.push(message.text())));
    await page.goto(`${server.base}/?login=${server.makeLink()}`);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  it("opens by its link and says how to make the first release", async () => {
    expect(await page.title()).toBe("Releases");
    expect(await page.textContent("main")).toContain("mobius release");
    expect(page.url()).toBe(`${server.base}/`); // the word of the link is spent and gone from the address
  });

  it("follows a release while it goes on, and shows its end by itself", async () => {
    await server.asPerson("POST", "/api/v1/releases", { manifest: MANIFEST, requestId: "request-1" });
    await page.goto(`${server.base}/releases/REL-1`);
    await page.locator("#log", { hasText: "▸ build b-1" }).waitFor();
    await server.asPerson("POST", "/api/v1/releases/REL-1:cancel", { reason: HOSTILE });
    await page.locator("h1", { hasText: "cancelled" }).waitFor();
    expect(await page.textContent("#log")).toContain(`✗ cancelled: ${HOSTILE}`);
  });

  it("leads from the list to a release and to its build's log", async () => {
    await page.goto(server.base);
    await page.click("text=REL-1");
    expect(await page.textContent("h1")).toContain("REL-1");
    await page.click("text=Log of build");
    expect(await page.textContent("pre")).toContain(HOSTILE);
  });

  it("leads from the list to the metrics of an environment, and draws them by its own rules", async () => {
    const { requests } = server.world;
    const at = server.world.ports().clock.now();
    for (const status of [200, 200, 503]) {
      requests.count({ service: "api", revision: "api-1", status, durationMs: 20, at });
    }
    await page.goto(server.base);
    await page.click("text=staging");
    expect(await page.textContent("caption")).toBe("api");
    expect(await page.textContent("td.bad")).toBe("33 %");
    const fill = await page.evaluate("getComputedStyle(document.querySelector('rect.errors')).fill");
    expect(fill).toBe("rgb(192, 49, 43)");
    await page.click("text=24 h");
    expect(await page.locator("rect.requests").count()).toBe(1);
  });

  it("fits a phone without scrolling sideways", async () => {
    await page.setViewportSize({ width: 375, height: 800 });
    for (const path of ["/releases/REL-1", "/environments/staging/metrics"]) {
      await page.goto(server.base + path);
      const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
      expect(overflow, path).toBeLessThanOrEqual(0);
    }
  });

  it("ran nothing that came from outside, and broke none of its own rules", () => {
    expect(dialogs).toEqual([]);
    expect(faults).toEqual([]);
  });
});
