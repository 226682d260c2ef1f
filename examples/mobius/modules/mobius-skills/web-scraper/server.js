import { answer, serve } from "../mobius-contracts/service.js";
import { readPage } from "./read-page.js";

const { GCS_BUCKET = "", REDIS_URL = "" } = process.env;
const LIMIT_BYTES = 256 * 1024;

serve({
  routes: {
    "GET /health": () => ({ status: "ok", bucket: GCS_BUCKET, sharesQueue: REDIS_URL !== "" }),
    "POST /scrape": async ({ body }) => {
      if (typeof body.html === "string") return readPage(body.html);
      const isAllowed = typeof body.url === "string" && /^https?:\/\//.test(body.url);
      if (!isAllowed) return answer(400, { error: "html, or an http(s) url, is missing" });
      const response = await fetch(body.url, { signal: AbortSignal.timeout(10_000) });
      return readPage((await response.text()).slice(0, LIMIT_BYTES));
    },
  },
});
