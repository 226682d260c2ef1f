import { expect, it } from "vitest";
import { renderProblem } from "../../core/values/problem.ts";
import {
  postgresNeedsAccount,
  postgresNotFound,
  postgresNotStarted,
  postgresNotStopped,
  postgresRefused,
} from "./problems.ts";

it("says each problem whole", () => {
  const problems = [
    postgresNeedsAccount(["User namespaces: Operation not permitted"]),
    postgresNotFound("linux-riscv64", ["There is no folder with initdb and postgres on PATH."]),
    postgresNotStarted("server", "Its server ended at once.", ["FATAL:  out of memory"]),
    postgresNotStopped("server", 123),
    postgresRefused("server", 'password authentication failed for user "mobius"'),
  ];
  expect(problems.map(renderProblem).join("\n\n")).toMatchInlineSnapshot(`
    "error[postgres-needs-account]: PostgreSQL refuses to run as root, and nobody else may run it here.
      why:   User namespaces: Operation not permitted
      fix:   Start mobius as an ordinary user, or set DATABASE_URL to a server of yours.
      more:  docs/errors.md#postgres-needs-account

    error[postgres-not-found]: No PostgreSQL was found to run.
      why:   There is no npm package with binaries for linux-riscv64 in this installation.
             There is no folder with initdb and postgres on PATH.
      fix:   Install PostgreSQL 14 or newer so that initdb and postgres are on PATH, or set DATABASE_URL to a server of yours.
      more:  docs/errors.md#postgres-not-found

    error[postgres-not-started]: The PostgreSQL cluster "server" did not start.
      why:   Its server ended at once.
             FATAL:  out of memory
      fix:   Remove the cause that its last lines name (often a full disk), then start again. Data already written is safe.
      more:  docs/errors.md#postgres-not-started

    error[postgres-not-stopped]: The PostgreSQL cluster "server" does not answer, and does not end.
      why:   Process 123 serves its data directory and ignored SIGINT and SIGQUIT.
             A second server on one data directory would destroy it, so none is started.
      fix:   End it yourself with kill -9 123, then start again: PostgreSQL recovers what was committed.
      more:  docs/errors.md#postgres-not-stopped

    error[postgres-refused]: The PostgreSQL cluster "server" refuses its own superuser.
      why:   password authentication failed for user "mobius"
      fix:   Give the superuser the password that is in the cluster's password file back, then start again.
      more:  docs/errors.md#postgres-refused"
  `);
});
