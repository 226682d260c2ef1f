import type { NonEmpty } from "../core/values/problem.ts";
import { describeSupervisors } from "./processes.contract.ts";
import { createFakeSupervisors } from "./processes.fake.ts";

describeSupervisors("fake", async () => {
  const spec = (id: string, ...argv: NonEmpty<string>) => ({ id, argv, cwd: "/", env: {}, logPath: `/${id}.log` });
  return {
    supervisors: createFakeSupervisors(async ({ argv: [program, code] }) =>
      program === "exit" ? { kind: "exited", code: Number(code) } : new Promise(() => {}),
    ),
    directory: "/",
    exits: (id, code) => spec(id, "exit", String(code)),
    lasts: (id) => spec(id, "last"),
    [Symbol.asyncDispose]: async () => {},
  };
});
