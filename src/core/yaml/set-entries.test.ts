import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readYaml } from "./read-yaml.ts";
import { setEntries, type YamlEntry } from "./set-entries.ts";

const TEXT = `# the services
services:
  api:
    image: app     # from app
    run: { memory: 512Mi, cpu: 1, args: [a] } # small
    env:
      # how it runs
      MODE: 'plain'
      "URL": "http://x"   # where
    secrets: { KEY: app-key:latest }
  nightly: { image: app, role: job }
`;

const read = (text: string): unknown => {
  const file = readYaml(text, "mobius.yaml");
  if (!file.ok) throw new Error(JSON.stringify(file.error));
  return file.value.value;
};

describe("setEntries", () => {
  const at = (...path: [string, ...string[]]) => ["services", "api", ...path] as unknown as YamlEntry["path"];
  it.each<[string, YamlEntry, string, string]>([
    ["a value in braces", { path: at("run", "memory"), value: "4Gi" }, "memory: 512Mi", "memory: 4Gi"],
    ["a number", { path: at("run", "cpu"), value: 2 }, "cpu: 1", "cpu: 2"],
    ["a list", { path: at("run", "args"), value: ["b", "1"] }, "args: [a]", 'args: [b, "1"]'],
    ["a quoted text, in its quotes", { path: at("env", "MODE"), value: "it's" }, "'plain'", "'it''s'"],
    [
      "a text that another reader takes for a truth",
      { path: at("image"), value: "yes" },
      "image: app  ",
      'image: "yes"  ',
    ],
    ["a new entry", { path: at("run", "port"), value: 80 }, "args: [a] }", "args: [a], port: 80 }"],
    ["the first entry away", { path: at("run", "memory") }, "{ memory: 512Mi, cpu", "{ cpu"],
    ["the last entry away", { path: at("run", "args") }, ", args: [a] }", " }"],
    ["a line away, with its comment", { path: at("env", "URL") }, '      "URL": "http://x"   # where\n', ""],
    [
      "the only entry away, and its section",
      { path: at("secrets", "KEY") },
      "    secrets: { KEY: app-key:latest }\n",
      "",
    ],
    ["nothing where it is away already", { path: at("env", "NONE") }, "", ""],
  ])("changes %s, and nothing else", (_, entry, before, after) => {
    expect(TEXT).toContain(before);
    expect(setEntries(TEXT, [entry])).toBe(TEXT.replace(before, after));
  });

  it("says what it was given to any text of variables, and keeps the others", () => {
    const name = fc.stringMatching(/^[A-Z]{1,5}$/);
    fc.assert(
      fc.property(name, fc.option(fc.string({ maxLength: 30 }), { nil: undefined }), (key, value) => {
        const path = at("env", key);
        const changed = read(setEntries(TEXT, [{ path, ...(value === undefined ? {} : { value }) }]));
        const { [key]: _, ...others } = { MODE: "plain", URL: "http://x" } as Record<string, string>;
        expect(changed).toMatchObject({ services: { nightly: { image: "app" } } });
        const env = (changed as { services: { api: { env: unknown } } }).services.api.env;
        expect(env).toEqual(value === undefined ? others : { ...others, [key]: value });
      }),
    );
  });
});
