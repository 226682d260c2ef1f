import { describe, expect, it } from "vitest";
import type { Identities } from "./identities.ts";

/** Identities under test, with a clock that the case moves. */
export interface IdentitiesHarness extends AsyncDisposable {
  readonly identities: Identities;
  readonly personToken: string;
  readonly personName: string;
  readonly advance: (durationMs: number) => void;
}

const identity = { kind: "identity", email: "deploy@p.example", environment: "staging", project: "p" } as const;
const step = { kind: "step", build: "b-1", environment: "staging", project: "p", email: "build@p.example" } as const;

/** What all identities keep to. Runs on the fake and on signed tokens. */
export function describeIdentities(label: string, start: () => Promise<IdentitiesHarness>): void {
  describe(`${label}: identities`, () => {
    it("knows the person by the token file's token, and nobody by another", async () => {
      await using h = await start();
      expect(await h.identities.verify(h.personToken)).toEqual({ kind: "person", name: h.personName });
      for (const token of ["", "x", `${h.personToken} `, h.personToken.slice(1)]) {
        expect(await h.identities.verify(token)).toBeUndefined();
      }
    });

    it("gives back exactly the caller that a token was issued for", async () => {
      await using h = await start();
      const callers = [identity, { ...identity, services: ["api", "worker"] }, step] as const;
      const tokens = await Promise.all(callers.map((caller) => h.identities.issue(caller, 60_000)));
      expect(await Promise.all(tokens.map((token) => h.identities.verify(token)))).toEqual(callers);
    });

    it("refuses a token once its time is over", async () => {
      await using h = await start();
      const token = await h.identities.issue(step, 60_000);
      h.advance(59_000);
      expect(await h.identities.verify(token)).toEqual(step);
      h.advance(1_000);
      expect(await h.identities.verify(token)).toBeUndefined();
      expect(await h.identities.verify(h.personToken)).toBeDefined();
    });
  });
}
