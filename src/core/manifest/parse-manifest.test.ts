import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePlatform } from "../platform/parse-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { renderProblem } from "../values/problem.ts";
import type { Manifest } from "./manifest.ts";
import { parseManifest } from "./parse-manifest.ts";

const SAMPLE = resolve(import.meta.dirname, "../../../examples/mobius/umbrella/mobius.yaml");

/** The sample's platform: the twelve rulings are about names like its own. */
function samplePlatform(): Platform {
  const parsed = parsePlatform(readFileSync(SAMPLE, "utf8"), "mobius.yaml");
  if (!parsed.ok) throw new Error(parsed.problems.map(renderProblem).join("\n"));
  return parsed.value;
}

const platform = samplePlatform();
const parse = (text: string) => parseManifest({ text, file: "release-manifests/m.yaml", platform });

function good(text: string): Manifest {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(parsed.problems.map(renderProblem).join("\n"));
  return parsed.value;
}

/** Codes with their places, in the order in which they are reported. */
function refused(text: string): readonly string[] {
  const parsed = parse(text);
  if (parsed.ok) throw new Error("it was taken");
  return parsed.problems.map(({ code, where }) => `${code} ${where?.line}:${where?.column}`);
}

const ID = "release_id: 2026-11-26-staging\n";
const DIGEST = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;

describe("ruling 1: the environment follows from id, images and overrides, which must agree", () => {
  it("takes the id's ending, or an alias of the environment", () => {
    expect(good(ID).environment).toBe("staging");
    expect(good("release_id: 2026-11-26-stg\n").environment).toBe("staging");
    expect(good("release_id: 2026-11-26-prod\n").environment).toBe("production");
  });

  it("takes the images' project where the id is silent", () => {
    const images = "images:\n  mobius-chat-api: gcr.io/mobius-staging/mobius-chat-api:t1\n";
    expect(good(`release_id: winter\n${images}`).environment).toBe("staging");
  });

  it("takes the database instance's project where nothing else speaks", () => {
    const overrides = "env_overrides:\n  cloudsql_connection_name: mobius-os-dev:us-central1:db\n";
    expect(good(`release_id: winter\n${overrides}`).environment).toBe("dev");
  });

  it("takes the key environment, and refuses an id that says another", () => {
    expect(good("release_id: winter\nenvironment: stg\n").environment).toBe("staging");
    expect(refused(`${ID}environment: production\n`)).toEqual(["environment-unclear 2:14"]);
  });

  it("refuses silence, and voices that disagree", () => {
    expect(refused("release_id: winter\n")).toEqual(["environment-unclear 1:13"]);
    const images = "images:\n  mobius-chat-api: gcr.io/mobius-staging/a:t\n  mobius-dbt-ui: gcr.io/mobius-os-dev/b:t\n";
    expect(refused(`release_id: winter\n${images}`)).toEqual(["environment-unclear 1:13"]);
    expect(refused(`${ID}images:\n  mobius-dbt-ui: gcr.io/mobiusos-new/mobius-dbt-ui:t\n`)).toEqual([
      "identifier-foreign 3:18",
    ]);
    expect(refused(`${ID}env_overrides:\n  cloudsql_connection_name: mobiusos-new:us-central1:db\n`)).toEqual([
      "identifier-foreign 3:29",
    ]);
  });

  it("takes the longer of two names that an id ends in", () => {
    const text = readFileSync(SAMPLE, "utf8").replace("names: [prod]", "names: [prod, eu-staging]");
    const both = parsePlatform(text, "mobius.yaml");
    if (!both.ok) throw new Error(both.problems.map(renderProblem).join("\n"));
    const read = parseManifest({ text: "release_id: 2026-11-26-eu-staging\n", file: "m.yaml", platform: both.value });
    expect(read.ok && read.value.environment).toBe("production");
  });

  it("refuses commands that name another environment's project", () => {
    const command = (written: string) => `${ID}verification:\n  verify_script: ${written}\n  qa_suite: ${written}\n`;
    expect(refused(command("./verify_production.sh --project mobiusos-new"))).toEqual([
      "identifier-foreign 3:18",
      "identifier-foreign 4:13",
    ]);
    expect(refused(command("./load.sh --from gs://mobius-rag-uploads-prod/x"))).toHaveLength(2);
    expect(good(command("./verify_production.sh --env staging")).verification.verifyScript?.value).toBe(
      "./verify_production.sh --env staging",
    );
  });

  it("needs an id that can name a file", () => {
    for (const id of ["../../x-staging", '"a b-staging"', ".hidden-staging", `${"r".repeat(93)}-staging`]) {
      expect(refused(`release_id: ${id}\n`)).toEqual(["value-invalid 1:13"]);
    }
    expect(refused("description: x\n")).toEqual(["key-missing 1:1"]);
  });

  it("rewrites the project's other name, and says so", () => {
    const manifest = good(`${ID}images:\n  mobius-chat-api: gcr.io/mobius-staging-mobius/mobius-chat-api:t1\n`);
    expect(manifest.images["mobius-chat-api"]?.value.repository).toBe("gcr.io/mobius-staging/mobius-chat-api");
    expect(manifest.rewrites).toMatchObject([
      { from: "gcr.io/mobius-staging-mobius/mobius-chat-api", to: "gcr.io/mobius-staging/mobius-chat-api" },
    ]);
  });
});

describe("ruling 2: modules, images and services have names of their own", () => {
  it("knows modules by the platform file only", () => {
    expect(Object.keys(good(`${ID}commits:\n  mobius-user: main\n  mobius-os: main\n`).commits)).toEqual([
      "mobius-user",
      "mobius-os",
    ]);
    expect(refused(`${ID}commits:\n  Mobius-user: main\n  MOBIUS-OS-NEW: main\n`)).toEqual([
      "name-unknown 3:3",
      "name-unknown 4:3",
    ]);
  });

  it("has no commit for a module that lives in the umbrella", () => {
    expect(refused(`${ID}commits:\n  module-hub: main\n`)).toEqual(["module-in-umbrella 3:15"]);
    expect(
      good(`${ID}images:\n  module-hub: gcr.io/mobius-staging/module-hub:t1\n`).images["module-hub"],
    ).toBeDefined();
  });
});

describe("ruling 3: commits may be without an image", () => {
  it("takes libraries and tests", () => {
    const manifest = good(`${ID}commits: { mobius-auth: main, mobius-qa: main, mobius-contracts: main }\n`);
    expect(Object.keys(manifest.commits)).toHaveLength(3);
  });
});

describe("ruling 4: keys of one artifact have one digest", () => {
  const two = (first: string, second: string) =>
    `${ID}images:\n  mobius-rag-backend: gcr.io/mobius-staging/mobius-rag@${first}\n` +
    `  mobius-rag-worker-embedding: gcr.io/mobius-staging/mobius-rag@${second}\n`;
  it("takes equal digests and refuses different ones", () => {
    expect(Object.keys(good(two(DIGEST, DIGEST)).images)).toHaveLength(2);
    expect(refused(two(DIGEST, OTHER))).toEqual(["image-digests-differ 4:32"]);
  });
});

describe("an override that holds a credential", () => {
  it("is refused without being quoted", () => {
    const secret = "redis://:hunter2@redis.staging.internal:6379/0";
    const refusal = refused(`${ID}env_overrides:\n  redis_url: ${secret}\n`);
    expect(refusal).toEqual(["credential-in-plain-text 3:14"]);
  });
});

describe("empty overrides", () => {
  it("takes no overrides in every form, and a text that is empty on purpose", () => {
    for (const none of ["", "env_overrides:\n", "env_overrides: {}\n"])
      expect(good(ID + none).envOverrides).toEqual({});
    const manifest = good(`${ID}env_overrides:\n  vertex_index_endpoint_id: ""\n`);
    expect(manifest.envOverrides.vertex_index_endpoint_id?.value).toBe("");
  });

  it("refuses one that says nothing, and an empty text where another type is needed", () => {
    expect(refused(`${ID}env_overrides:\n  redis_url:\n`)).toEqual(["value-invalid 3:3"]);
    expect(refused(`${ID}env_overrides:\n  redis_url: ""\n`)).toEqual(["override-invalid 3:14"]);
  });
});

describe("rulings 5 and 6: overrides and flags are what the platform file declares, of its types", () => {
  it("takes them with their values", () => {
    const manifest = good(
      `${ID}feature_flags:\n  chat_live_stream: true\nenv_overrides:\n  redis_url: redis://redis.staging.internal:6379/0\n`,
    );
    expect(manifest.featureFlags.chat_live_stream?.value).toBe(true);
    expect(manifest.envOverrides.redis_url?.value).toBe("redis://redis.staging.internal:6379/0");
  });

  it("refuses unknown ones, and values of another type", () => {
    expect(
      refused(
        `${ID}feature_flags:\n  chat_live_steam: true\n  rag_publish_gate: yes\nenv_overrides:\n  redis_url: redis\n`,
      ),
    ).toEqual(expect.arrayContaining(["value-invalid 4:21", "override-invalid 6:14"]));
    expect(refused(`${ID}feature_flags:\n  chat_live_steam: true\n`)).toEqual(["name-unknown 3:3"]);
    expect(refused(`${ID}env_overrides:\n  gcs_bucket: Not A Bucket\n`)).toEqual(["override-invalid 3:15"]);
  });
});

describe("ruling 7: refs and images as people write them", () => {
  it.each(["0123456789abcdef0123456789abcdef01234567", "0123456", "v1.2.0", "feature/queue-settings"])(
    "takes %s",
    (ref) => {
      expect(good(`${ID}commits:\n  mobius-chat: ${ref}\n`).commits["mobius-chat"]?.value).toBe(ref);
    },
  );

  it.each(["--upload-pack=touch", "a..b", '"a b"', '"$(x)"'])("refuses %s", (ref) => {
    expect(refused(`${ID}commits:\n  mobius-chat: ${ref}\n`)).toEqual(["ref-invalid 3:16"]);
  });

  it("needs no images at all, takes tag, digest or both, and warns of latest", () => {
    expect(good(ID).images).toEqual({});
    const image = (written: string) =>
      good(`${ID}images:\n  mobius-dbt-ui: gcr.io/mobius-staging/ui${written}\n`).images["mobius-dbt-ui"]?.value;
    expect(image(":t1")).toEqual({ repository: "gcr.io/mobius-staging/ui", tag: "t1" });
    expect(image(`@${DIGEST}`)).toEqual({ repository: "gcr.io/mobius-staging/ui", digest: DIGEST });
    expect(image(`:t1@${DIGEST}`)).toEqual({ repository: "gcr.io/mobius-staging/ui", tag: "t1", digest: DIGEST });
    const latest = parse(`${ID}images:\n  mobius-dbt-ui: gcr.io/mobius-staging/ui:latest\n`);
    expect(latest.ok && latest.warnings.map((warning) => warning.code)).toEqual(["image-latest"]);
    expect(refused(`${ID}images:\n  mobius-dbt-ui: gcr.io/mobius-staging/ui\n`)).toEqual([
      "image-reference-invalid 3:18",
    ]);
  });
});

describe("rulings 8 and 9: migrations in every shape", () => {
  const migrations = (text: string) =>
    Object.values(good(`${ID}migrations:\n${text}`).migrations)
      .flat()
      .map(({ kind, name, note }) => [kind, name, note]);

  it("takes a scalar, a list, a flow list, prefixes, bare names and paths", () => {
    expect(migrations("  mobius-rag: add_chunking_jobs.sql\n")).toEqual([
      ["sql", "app/migrations/add_chunking_jobs.sql", undefined],
    ]);
    expect(migrations('  mobius-rag: [sql:a.sql, "sql:b.sql"]\n')).toEqual([
      ["sql", "app/migrations/a.sql", undefined],
      ["sql", "app/migrations/b.sql", undefined],
    ]);
    expect(migrations("  mobius-chat:\n    - db/schema/017_a.sql\n    - 053_b.sql\n")).toEqual([
      ["sql", "db/schema/017_a.sql", undefined],
      ["sql", "db/schema/053_b.sql", undefined],
    ]);
  });

  it("takes a script with its note", () => {
    expect(migrations("  mobius-dbt: scripts/land.sh (origin staging -> chat's rows)\n")).toEqual([
      ["script", "scripts/land.sh", "origin staging -> chat's rows"],
    ]);
  });

  it("decides by the module's kind first, then by the shape", () => {
    const text = readFileSync(SAMPLE, "utf8").replace(
      "migrations: { database: mobius, kind: sql, directory: backend/migrations }",
      "migrations: { database: mobius, kind: [alembic, sql, python], directory: backend }",
    );
    const parsed = parsePlatform(text, "mobius.yaml");
    if (!parsed.ok) throw new Error(parsed.problems.map(renderProblem).join("\n"));
    const manifest = parseManifest({
      text: `${ID}migrations:\n  mobius-os: [1a2b3c4d5e6f, backend/x.sql, "python:app.fix", "python:add_x", y.sql]\n`,
      file: "m.yaml",
      platform: parsed.value,
    });
    expect(manifest.ok && manifest.value.migrations["mobius-os"]?.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "alembic 1a2b3c4d5e6f",
      "sql backend/x.sql",
      "python app/fix.py",
      "python backend/add_x.py",
      "sql backend/y.sql",
    ]);
  });

  it("takes no migrations in every form, and refuses the word none, gaps and repetitions", () => {
    for (const none of ["", "migrations:\n", "migrations: {}\n"]) expect(good(ID + none).migrations).toEqual({});
    expect(migrations("  mobius-chat: []\n")).toEqual([]);
    expect(refused(`${ID}migrations: none\n`)).toEqual(["value-invalid 2:13"]);
    expect(refused(`${ID}migrations:\n  mobius-chat: none\n  mobius-rag: [none]\n`)).toEqual([
      "migration-invalid 3:16",
      "migration-invalid 4:16",
    ]);
    expect(refused(`${ID}migrations:\n  mobius-chat: ""\n`)).toEqual(["migration-invalid 3:16"]);
    expect(refused(`${ID}migrations:\n  mobius-chat:\n    - a.sql\n    -\n`)).toEqual(["value-invalid 5:6"]);
    expect(refused(`${ID}migrations:\n  mobius-chat: [a.sql, b.sql, a.sql]\n`)).toEqual(["migration-repeated 3:31"]);
  });

  it("takes no path for an Alembic id", () => {
    const text = readFileSync(SAMPLE, "utf8").replace(
      "migrations: { database: mobius, kind: sql, directory: backend/migrations }",
      "migrations: { database: mobius, kind: alembic, directory: backend }",
    );
    const alembic = parsePlatform(text, "mobius.yaml");
    if (!alembic.ok) throw new Error(alembic.problems.map(renderProblem).join("\n"));
    const read = (written: string) =>
      parseManifest({ text: `${ID}migrations:\n  mobius-os: ${written}\n`, file: "m.yaml", platform: alembic.value });
    expect(read("s1i2d3e4c5a6r").ok).toBe(true);
    expect(read("add_factor_overrides").ok).toBe(true);
    expect(read("versions/a").ok).toBe(false);
    expect(read("a.sql").ok).toBe(false);
  });

  it("refuses paths that lead out, other kinds, and modules without a database", () => {
    expect(
      refused(`${ID}migrations:\n  mobius-chat: [../x.sql, /etc/x.sql, "python:m"]\n  mobius-auth: a.sql\n`),
    ).toEqual([
      "migration-invalid 3:17",
      "migration-invalid 3:27",
      "migration-invalid 3:39",
      "migrations-undeclared 4:3",
    ]);
  });
});

describe("ruling 10: texts stay the text that stands there", () => {
  it.each(["1234567", "1234e5", "0123456", "0x1234", "2026", "on"])("takes %s as a ref", (ref) => {
    expect(good(`${ID}commits:\n  mobius-chat: ${ref}\n`).commits["mobius-chat"]?.value).toBe(ref);
  });

  it("takes dates and leading zeros in tags, ids and overrides", () => {
    const manifest = good(
      `release_id: 2026-11-26-staging\nimages:\n  mobius-dbt-ui: gcr.io/mobius-staging/ui:007\nenv_overrides:\n  vertex_index_endpoint_id: 0009\n`,
    );
    expect(manifest.images["mobius-dbt-ui"]?.value.tag).toBe("007");
    expect(manifest.envOverrides.vertex_index_endpoint_id?.value).toBe("0009");
  });
});

describe("ruling 11: placeholders are refused wherever they stand", () => {
  it("finds every one", () => {
    expect(
      refused(
        `release_id: YYYY-MM-DD-staging\ncommits:\n  mobius-chat: <sha-or-tag>\nimages:\n  mobius-dbt-ui: gcr.io/mobius-staging/ui:<tag>\nmigrations:\n  mobius-chat: [<file>.sql]\nenv_overrides:\n  redis_url: redis://xxxx:6379\nverification:\n  verify_script: <command>\n`,
      ),
    ).toEqual([
      "placeholder-left 1:13",
      "placeholder-left 3:16",
      "placeholder-left 5:18",
      "placeholder-left 7:17",
      "placeholder-left 9:14",
      "placeholder-left 11:18",
    ]);
  });

  it.each(["dev", "staging", "prod"])("finds nothing but placeholders in the template for %s", (name) => {
    const text = readFileSync(resolve(SAMPLE, `../release-manifests/${name}-release-template.yaml`), "utf8");
    const found = refused(text);
    expect(new Set(found.map((line) => line.split(" ")[0]))).toEqual(new Set(["placeholder-left"]));
    const lines = text.split("\n").map((line, index) => ({ number: index + 1, line }));
    const withOne = lines.filter(({ line }) => !line.startsWith("#") && /<[a-z]|YYYY/.test(line));
    expect([...new Set(found.map((line) => Number(/ (\d+):/.exec(line)?.[1])))]).toEqual(
      withOne.map(({ number }) => number),
    );
  });

  it("finds a line for people that nobody filled in, and a name of an environment", () => {
    const text = `${ID}environment: <env>\ndescription: <what this release brings>\nnotes: ["<note>", fine, YYYY-MM-DD]\n`;
    expect(refused(text)).toEqual([
      "placeholder-left 2:14",
      "placeholder-left 3:14",
      "placeholder-left 4:9",
      "placeholder-left 4:25",
    ]);
  });

  it("leaves prose alone, whatever it is about", () => {
    expect(good(`${ID}description: files are named YYYY-MM-DD now\n`).description).toContain("YYYY");
    expect(good(`${ID}description: chat <-> rag\nnotes: ["replace <b> by <i>"]\n`).notes).toEqual([
      "replace <b> by <i>",
    ]);
  });
});

describe("every problem at once, each with its place", () => {
  it("reports faults of shape beside faults of meaning", () => {
    expect(
      refused(
        `relase_id: x\ncommits:\n  mobius-chta: main\nimages: [a]\nfeature_flags:\n  chat_live_stream: maybe\nunknown: 1\n`,
      ),
    ).toEqual(
      expect.arrayContaining([
        "key-unknown 1:1",
        "key-missing 1:1",
        "name-unknown 3:3",
        "value-invalid 4:9",
        "value-invalid 6:21",
        "key-unknown 7:1",
      ]),
    );
  });

  it("reports the other entries of a section beside one of the wrong form", () => {
    expect(refused(`${ID}commits:\n  mobius-chat: [a]\n  mobius-chta: main\n`)).toEqual([
      "value-invalid 3:16",
      "name-unknown 4:3",
    ]);
  });

  it("counts lines and columns the same with CRLF and a byte order mark", () => {
    expect(refused(`\uFEFFrelease_id: 2026-11-26-staging\r\ncommits:\r\n  mobius-chta: main\r\n`)).toEqual([
      "name-unknown 3:3",
    ]);
  });

  it("reports a file that is no map at all once", () => {
    expect(refused("- a\n")).toEqual(["value-invalid 1:1"]);
    expect(refused("text\n")).toEqual(["value-invalid 1:1"]);
    expect(refused("")).toEqual(["key-missing 1:1"]);
  });

  it("reports broken YAML and features that files do without", () => {
    expect(refused("release_id: [a\n")[0]).toMatch(/^yaml-invalid /);
    expect(refused(`${ID}commits: &c\n  mobius-chat: main\nnotes: [*c]\n`)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^yaml-feature-refused /)]),
    );
    expect(refused(`${ID}${ID}`)).toEqual(["yaml-invalid 2:1"]);
  });

  it("does not take a key that means something to the language", () => {
    expect(refused(`${ID}commits:\n  __proto__: main\n`)).toEqual(["yaml-feature-refused 3:3"]);
    expect(refused(`${ID}commits:\n  constructor: main\n`)).toEqual(["name-unknown 3:3"]);
  });

  it("takes an empty section for none, and refuses a value that is empty", () => {
    expect(good(`${ID}commits:\nimages:\nnotes:\n`).commits).toEqual({});
    expect(refused(`${ID}commits:\n  mobius-chat:\n`)).toEqual(["value-invalid 3:3"]);
  });
});
