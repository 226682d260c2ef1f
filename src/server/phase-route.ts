import type { z } from "zod";
import type { Digest } from "../core/values/digest.ts";
import type { PhaseRequest } from "../engine/releases/phase-desk.ts";
import { PhaseInterrupted } from "../engine/releases/phase-runner.ts";
import { FencedOut } from "../engine/releases/release-streams.ts";
import type { phaseBody } from "../ports/api/bodies.ts";
import { type PhaseLine, ROUTES } from "../ports/api/contract.ts";
import type { StepWorkReport } from "../ports/step-work.ts";
import { phaseFault } from "./problems.ts";
import { addRoute, type Routing } from "./routing.ts";

/** A step hears something at least this often, so that neither side takes a long phase for a dead connection. */
const HEARTBEAT_MS = 10_000;

/** A step asks for a phase; the answer is lines of JSON, the last of which says how it ended. */
export function registerPhaseRoute(routing: Routing): void {
  const { engine, clock, onFault } = routing.deps;
  addRoute<z.output<typeof phaseBody>>(routing, ROUTES.phase, async ({ body, request, reply, caller }) => {
    const build = caller?.kind === "step" ? caller.build : "";
    reply.hijack();
    const { raw } = reply;
    const done = new AbortController();
    raw.on("close", () => done.abort());
    raw.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
    const send = (line: PhaseLine) => raw.write(`${JSON.stringify(line)}\n`);
    const beat = async () => {
      while (!done.signal.aborted) {
        await clock.sleep(HEARTBEAT_MS, done.signal);
        if (!done.signal.aborted) raw.write("\n");
      }
    };
    void beat();
    try {
      const answer = await engine.phase(build, phaseRequest(body), (text) => send({ type: "line", text }));
      if (answer.ok) send({ type: "end", ok: true, ...answer.value });
      else send({ type: "end", ok: false, problem: answer.error });
    } catch (cause) {
      // Another driver goes on with it: the step, whose answer just ends, asks that one.
      if (cause instanceof FencedOut || cause instanceof PhaseInterrupted) return undefined;
      // The step fails with it, and the release says so; a connection that just ended would be asked again.
      onFault(request.id, cause);
      send({ type: "end", ok: false, problem: phaseFault(body.phase, request.id) });
    } finally {
      done.abort();
      raw.end();
    }
    return undefined;
  });
}

function phaseRequest({ phase, subject, report }: z.output<typeof phaseBody>): PhaseRequest {
  return {
    phase,
    ...(subject === undefined ? {} : { subject }),
    ...(report === undefined ? {} : { report: stepReport(report) }),
  };
}

function stepReport(report: NonNullable<z.output<typeof phaseBody>["report"]>): StepWorkReport {
  switch (report.kind) {
    case "none":
      return report;
    case "image-built":
      return { ...report, digest: report.digest as Digest };
    case "failed": {
      const { where, ...problem } = report.problem;
      const { phase, subject } = report;
      const place = where === undefined ? undefined : { file: where.file, line: where.line, column: where.column };
      return {
        kind: "failed",
        phase,
        ...(subject === undefined ? {} : { subject }),
        problem: { ...problem, ...(place === undefined ? {} : { where: place }) },
      };
    }
  }
}
