import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isCommitId } from "../../core/values/ids.ts";
import { checkoutInto } from "./step-checkout.ts";

it("goes the way that the step's environment names, and no other", async () => {
  const asked: string[] = [];
  const proxy = createServer().on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  const into = mkdtempSync(join(tmpdir(), "mobius-checkout-"));
  try {
    const env = { https_proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const commit = "0123456789abcdef0123456789abcdef01234567";
    if (!isCommitId(commit)) throw new Error("no commit id");
    await expect(checkoutInto({ url: "https://git.example.com/x.git", commit, into, env })).rejects.toThrow(/403/);
    expect(asked).toEqual(["git.example.com:443"]);
  } finally {
    proxy.close();
    rmSync(into, { recursive: true });
  }
});
