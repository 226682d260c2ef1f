import type { AdoptionPlan } from "../core/drift/plan-adoption.ts";
import type { DriftView } from "../core/views/drift-view.ts";
import type { RevertView } from "../core/views/revert-view.ts";
import type { Answer, ServerTransport } from "./server-transport.ts";

/** The calls about drift. One method, one route. */
export class DriftClient {
  readonly #transport: ServerTransport;

  constructor(transport: ServerTransport) {
    this.#transport = transport;
  }

  /** A look at the environment. */
  look(environment: string): Promise<Answer<DriftView>> {
    return this.#transport.json("GET", `/api/v1/environments/${encodeURIComponent(environment)}/drift`);
  }

  /** What of it can be declared as it is. */
  adoption(environment: string): Promise<Answer<AdoptionPlan>> {
    return this.#transport.json("GET", `/api/v1/environments/${encodeURIComponent(environment)}/drift/adoption`);
  }

  /** Has it made what it was released as again. */
  revert(environment: string, body: unknown): Promise<Answer<RevertView>> {
    const path = `/api/v1/environments/${encodeURIComponent(environment)}:revertDrift`;
    return this.#transport.json("POST", path, body);
  }
}
