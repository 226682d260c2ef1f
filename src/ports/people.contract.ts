import { expect, it } from "vitest";
import type { People } from "./people.ts";

/** Makes an installation's people; the owner is `owner`. */
export function describePeople(label: string, start: () => People): void {
  it(`${label}: knows a person's roles from admission to dismissal`, async () => {
    const people = start();
    expect(await people.rolesOf("grace")).toEqual([]);
    const admitted = await people.admit({ name: "grace", roles: ["approver"] });
    expect(admitted).toMatchObject({ name: "grace", roles: ["approver"], token: expect.stringMatching(/^mob_/) });
    expect(await people.rolesOf("grace")).toEqual(["approver"]);
    const { token: _, ...known } = admitted;
    expect(await people.list()).toEqual([known]);
    expect([await people.dismiss("grace"), await people.dismiss("grace")]).toEqual([true, false]);
    expect([await people.rolesOf("grace"), await people.list()]).toEqual([[], []]);
  });

  it(`${label}: gives a person who is admitted again the new roles only`, async () => {
    const people = start();
    await people.admit({ name: "grace", roles: ["approver", "developer"] });
    await people.admit({ name: "grace", roles: ["auditor"] });
    expect(await people.rolesOf("grace")).toEqual(["auditor"]);
    expect(await people.list()).toHaveLength(1);
  });

  it(`${label}: lets the owner ask for releases and admit people, and approve nothing`, async () => {
    expect(await start().rolesOf("owner")).toEqual(["admin", "releaser"]);
  });
}
