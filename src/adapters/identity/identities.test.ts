import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import type { Clock } from "../../ports/clock.ts";
import { describeIdentities, type IdentitiesHarness } from "../../ports/identities.contract.ts";
import { createMemoryIdentities } from "../../ports/identities.fake.ts";
import { createIdentities } from "./identities.ts";

const PERSON = { personToken: "f".repeat(64), personName: "ada" };
/** Long enough for HS512 too, so that only the algorithm can be what is refused. */
const KEY = new Uint8Array(64).fill(7);
const START_MS = 1_800_000_000_000;
const step = { kind: "step", build: "b", environment: "staging", project: "p", email: "e" } as const;

function movableClock(): { readonly clock: Clock; readonly advance: (durationMs: number) => void } {
  let nowMs = START_MS;
  return {
    clock: { now: () => instant(nowMs), monotonicMs: () => nowMs, sleep: async () => {} },
    advance: (durationMs) => {
      nowMs += durationMs;
    },
  };
}

function signed(): IdentitiesHarness {
  const { clock, advance } = movableClock();
  const identities = createIdentities({
    signingKey: KEY,
    personToken: async () => PERSON.personToken,
    personName: PERSON.personName,
    clock,
  });
  return { ...PERSON, identities, advance, [Symbol.asyncDispose]: async () => {} };
}

describeIdentities("memory", async () => {
  const { clock, advance } = movableClock();
  const identities = createMemoryIdentities({ ...PERSON, clock });
  return { ...PERSON, identities, advance, [Symbol.asyncDispose]: async () => {} };
});

describeIdentities("signed tokens", async () => signed());

describe("signed tokens", () => {
  it("are refused when one character is changed, wherever it is", async () => {
    const { identities } = signed();
    const token = await identities.issue(step, 60_000);
    // The last character of a part may carry bits that mean nothing, so it is left out.
    for (const part of token.split(".")) {
      const at = token.indexOf(part) + Math.floor(part.length / 2);
      const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      expect(await identities.verify(changed)).toBeUndefined();
    }
    expect(await identities.verify(token)).toEqual(step);
  });

  const nowSeconds = START_MS / 1_000;
  const good = (payload: Record<string, unknown> = step, alg = "HS256") =>
    new SignJWT({ iss: "mobius", aud: "mobius-server", iat: nowSeconds, exp: nowSeconds + 60, ...payload })
      .setProtectedHeader({ alg })
      .sign(KEY);

  it.each([
    ["another key", () => new SignJWT(step).setProtectedHeader({ alg: "HS256" }).sign(new Uint8Array(64).fill(8))],
    ["another algorithm", () => good(step, "HS512")],
    ["another issuer", () => good({ ...step, iss: "other" })],
    ["another audience", () => good({ ...step, aud: "other" })],
    ["no expiry", () => good({ ...step, exp: undefined })],
    ["claims of no caller", () => good({ kind: "person", name: "root" })],
  ])("with %s are refused", async (_, make) => {
    const { identities } = signed();
    expect(await identities.verify(await good())).toEqual(step);
    expect(await identities.verify(await make())).toBeUndefined();
  });

  it("without any signature are refused", async () => {
    const { identities } = signed();
    const [, payload] = (await identities.issue(step, 60_000)).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    expect(await identities.verify(`${header}.${payload}.`)).toBeUndefined();
  });

  it("never live longer than a day", async () => {
    await expect(signed().identities.issue(step, 24 * 60 * 60 * 1_000 + 1)).rejects.toThrow("24 h");
  });

  it("count an empty token file as nobody's", async () => {
    const { clock } = movableClock();
    const identities = createIdentities({ signingKey: KEY, personToken: async () => "", personName: "ada", clock });
    expect(await identities.verify("")).toBeUndefined();
  });
});
