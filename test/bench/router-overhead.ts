import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { median } from "./medians.ts";

const INSTANCE = `
const server = require("node:http").createServer((_, response) => response.end("ok"));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/** What the router adds to a request, against the same instance asked directly; one request after the other. */
export interface RouterOverhead {
  readonly requests: number;
  readonly rounds: number;
  readonly directUs: number;
  readonly routedUs: number;
  readonly ratio: number;
}

/** Measures in rounds, in turn: an instance, the router before it, and who asks are a process each. */
export async function measureRouterOverhead(requests: number, rounds: number): Promise<RouterOverhead> {
  const instance = await start(["-e", INSTANCE]);
  const router = await start([join(import.meta.dirname, "router-process.ts"), String(instance.port)]);
  try {
    const direct: number[] = [];
    const routed: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const [one, other] = [await timeOf(instance.port, requests), await timeOf(router.port, requests)];
      if (round === 0) continue; // the first makes the programs warm
      direct.push(one);
      routed.push(other);
    }
    const ratio = median(routed.map((us, round) => us / (direct[round] ?? Number.NaN)));
    return { requests, rounds, directUs: median(direct), routedUs: median(routed), ratio };
  } finally {
    for (const { process: child } of [router, instance]) child.kill();
  }
}

/** Microseconds a request, on one connection that is kept. */
async function timeOf(port: number, requests: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const begunMs = performance.now();
  for (let request = 0; request < requests; request += 1) {
    const [answer] = await once(get({ host: "127.0.0.1", port, agent }), "response");
    if ((await text(answer)) !== "ok") throw new Error("it was answered otherwise");
  }
  agent.destroy();
  return ((performance.now() - begunMs) * 1_000) / requests;
}

async function start(argv: readonly string[]): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { process: child, port: Number(String(said)) };
}
