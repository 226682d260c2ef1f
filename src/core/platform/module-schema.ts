import { z } from "zod";
import { integer, name, nonEmpty, path, text } from "../yaml/scalars.ts";

const migrationKind = z.enum(["sql", "alembic", "python", "script"]);

/** `git`: where the umbrella is and who may read and write it. */
export const gitSchema = z
  .strictObject({
    umbrella: text().optional().meta({ description: "The umbrella's own origin." }),
    credentials: z
      .union([
        z.strictObject({ token: name() }),
        z.strictObject({ sshKey: name(), knownHosts: text() }),
        z.strictObject({
          githubApp: z.strictObject({ appId: text(), installationId: text(), privateKey: name() }),
        }),
      ])
      .optional()
      .meta({ description: "Names of secrets, never values." }),
    writeBack: text().default("none").meta({ description: "Branch for pinned manifests and logs, or none." }),
  })
  .meta({ description: "Git settings." });

/** One entry of `modules`. */
export const moduleSchema = z
  .strictObject({
    repository: text().optional().meta({ description: "URL; without it the module lives in the umbrella itself." }),
    path: path().meta({ description: "Where it stands in the umbrella; . for the umbrella itself." }),
    inputs: z
      .array(z.string().regex(/^(umbrella:)?[\w./-]+$/, "it must be a module, or umbrella:<path>"))
      .default([])
      .meta({ description: "Other source that its builds read." }),
    script: path().optional().meta({ description: "A script of its own that replaces build and deploy." }),
    migrations: z
      .strictObject({
        database: name(),
        kind: z.union([migrationKind.transform((kind) => [kind] as const), nonEmpty(migrationKind)]),
        directory: path(),
        when: z.enum(["before", "afterSoak"]).default("before"),
      })
      .optional(),
  })
  .meta({ description: "A unit of source with one commit in a manifest." });

/** One entry of `images`. */
export const imageSchema = z
  .union([
    z.strictObject({ sameAs: name().meta({ description: "Another key's artifact." }) }),
    z.strictObject({
      module: name(),
      repository: z
        .string()
        .regex(/^[a-z0-9][a-z0-9._/-]*$/, "it must be a repository name in lower case")
        .optional(),
      build: z.union([
        z.strictObject({ dockerfile: path(), context: path().default(".") }),
        z.strictObject({
          source: z.strictObject({ include: nonEmpty(path()), command: nonEmpty(text()) }),
        }),
      ]),
    }),
  ])
  .meta({ description: "How a manifest's image key is built." });

/** Ports that a service may listen on. */
export const port = () => integer(1).refine((value) => value <= 65_535, "it must be at most 65535");
