import { describe, expect, it } from "vitest";
import { type Authority, right } from "./authority.ts";
import type { Caller } from "./identities.ts";

/** An authority over two projects, `p1` and `p2`, in which `deploy` is the deploy identity of `p1`. */
export interface AuthorityHarness {
  readonly authority: Authority;
  readonly deploy: Caller;
}

const ada = { kind: "person", name: "ada" } as const;
const requestId = "r-1";
const create = (project: string) => right("run.services.create", `projects/${project}/locations/l`);
const actAs = (account: string) => ({ kind: "act-as", account, by: "service", project: "p1" }) as const;

/** What all authorities keep to. Runs on the fake and on grants of a platform file. */
export function describeAuthority(label: string, start: () => Promise<AuthorityHarness>): void {
  describe(`${label}: authority`, () => {
    it("knows nobody without a token", async () => {
      const { authority } = await start();
      const answer = await authority.authorize({ caller: undefined, needs: [create("p1")], requestId });
      expect(answer).toMatchObject({ ok: false, error: { status: "UNAUTHENTICATED", details: [] } });
    });

    it("lets an identity do what its role allows in its own project, and nothing in another", async () => {
      const { authority, deploy } = await start();
      const ask = (project: string) => authority.authorize({ caller: deploy, needs: [create(project)], requestId });
      expect(await ask("p1")).toEqual({ ok: true, value: deploy });
      expect(await ask("p2")).toEqual({
        ok: false,
        error: {
          status: "PERMISSION_DENIED",
          message:
            "Permission 'run.services.create' denied on resource 'projects/p2/locations/l' (or it may not exist).",
          details: [
            {
              "@type": "type.googleapis.com/google.rpc.ErrorInfo",
              reason: "IAM_PERMISSION_DENIED",
              domain: "iam.googleapis.com",
              metadata: { permission: "run.services.create", resource: "projects/p2/locations/l" },
            },
          ],
        },
      });
      // A name that only begins like the project's is another project.
      expect((await ask("p1-other")).ok).toBe(false);
    });

    it("asks for all that a call needs", async () => {
      const { authority, deploy } = await start();
      const ask = (account: string) =>
        authority.authorize({ caller: deploy, needs: [create("p1"), actAs(account)], requestId });
      expect((await ask("r@p1.iam.gserviceaccount.com")).ok).toBe(true);
      expect(await ask("r@p2.iam.gserviceaccount.com")).toMatchObject({
        ok: false,
        error: {
          message:
            "Permission 'iam.serviceaccounts.actAs' denied on service account r@p2.iam.gserviceaccount.com (or it may not exist).",
        },
      });
    });

    it("lets a person do everything but act across projects", async () => {
      const { authority } = await start();
      for (const need of [create("p1"), create("p2"), actAs("r@p1.iam.gserviceaccount.com")]) {
        expect((await authority.authorize({ caller: ada, needs: [need], requestId })).ok).toBe(true);
      }
      const foreign = actAs("projects/p1/serviceAccounts/r@p2.iam.gserviceaccount.com");
      expect((await authority.authorize({ caller: ada, needs: [foreign], requestId })).ok).toBe(false);
    });
  });
}
