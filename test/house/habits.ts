/** Habits of the code as rules: each says why, and what to do instead. What Biome checks already is in biome.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lineOf, ROOT, type SourceFile, type Violation } from "./source-files.ts";

type Rule = (files: readonly SourceFile[]) => readonly Violation[];

const TEST = /\.(test|contract|fake)\.ts$|^test\//;
const product = (files: readonly SourceFile[]) => files.filter((file) => !TEST.test(file.path));

/** Longest file of the product and of its tests today, rounded up: a longer one holds two ideas. */
const MAX_LINES = 280;
const MAX_TEST_LINES = 460;

/** Short files: a file holds one idea. */
export const shortFiles: Rule = (files) =>
  files.flatMap((file) => {
    const limit = TEST.test(file.path) ? MAX_TEST_LINES : MAX_LINES;
    const lines = file.text.split("\n").length - 1;
    if (lines <= limit) return [];
    return [{ file: file.path, line: limit, message: `${lines} lines, more than ${limit}: split it by its ideas` }];
  });

const MAX_DEPTH = 3;
const EMPTY_NAMES = /(^|\/)(utils?|helpers?|common|lib|misc|shared|types|index)(\/|\.ts$)/;

/** A reader learns the product from the names of its folders and files. */
export const tellingNames: Rule = (files) =>
  files.flatMap(({ path }) => {
    const depth = path.split("/").length - 2;
    const isDeep = path.startsWith("src/") && depth > MAX_DEPTH;
    return [
      ...(isDeep ? [{ file: path, line: 1, message: `${depth} folders deep: ${MAX_DEPTH} are enough` }] : []),
      ...(EMPTY_NAMES.test(path)
        ? [{ file: path, line: 1, message: "a name that says nothing: call it what it does" }]
        : []),
    ];
  });

const EXPORTED = /^export (?:abstract )?(?:async )?(?:function\*?|class|const|let) (\w+)/gm;

/** Every exported function, class and value says what it is for. */
export const documentedExports: Rule = (files) =>
  product(files).flatMap((file) =>
    [...file.code.matchAll(EXPORTED)].flatMap((match) => {
      if (file.text.slice(0, match.index).trimEnd().endsWith("*/")) return [];
      return [at(file, match.index, `${match[1]} has no doc comment: purpose, units, errors, source of its rule`)];
    }),
  );

/** Words that the glossary replaces, and words that say nothing, in the names of what is exported. */
const BANNED_WORDS: readonly (readonly [pattern: RegExp, message: string])[] = [
  [/(?<!Secret)Manager|Helper|Handler$|Util|Impl$/, "say what it does"],
  [/[Hh]ash(?!es)/, "the word is digest"],
  [/[Rr]ollout|[Dd]eployment/, "the word is release, or revision"],
  [/[Ww]orkload/, "the word is service"],
  [/[Ww]orkflow|[Pp]ipeline/, "the word is build, or release"],
  [/[Rr]etry|[Rr]etries/, "the word is try"],
  [/[Dd]ashboard/, "the word is board"],
  [/[Tt]oggle/, "the word is feature flag"],
  [/[Ee]mulator|[Mm]ock/, "the word is embedded cloud, or fake"],
];

/** One word for one meaning, the glossary's. */
export const glossaryWords: Rule = (files) =>
  product(files).flatMap((file) =>
    [...file.code.matchAll(/^export (?:async )?(?:function|class|const|interface|type) (\w+)/gm)].flatMap((match) =>
      BANNED_WORDS.filter(([pattern]) => pattern.test(match[1] ?? "")).map(([, message]) =>
        at(file, match.index, `${match[1]}: ${message} (docs/glossary.md)`),
      ),
    ),
  );

/** A bare true or false at a call says nothing: exported functions take words or options. */
export const noBooleanParameters: Rule = (files) =>
  product(files).flatMap((file) =>
    [...file.code.matchAll(/^export (?:async )?function\*? \w+(?:<[^>]*>)?\(([^(){}]*)\)/gm)].flatMap((match) =>
      /\w\??: boolean\b/.test(match[1] ?? "")
        ? [at(file, match.index, "a boolean parameter: use a word, or an options object")]
        : [],
    ),
  );

/** Formats of others in which `null` means something. */
const NULL_IS_THEIRS = [
  "src/adapters/google/",
  "src/adapters/images/",
  "src/adapters/git/run-git.ts",
  "src/adapters/http/post-json.ts", // the callback of a lookup of Node's
  "src/cloud/",
  "src/core/build/",
  "src/core/yaml/",
  "src/core/manifest/rewrite-manifest.ts",
  "src/core/values/digest.ts",
  "src/core/verification/json-path.ts",
  "src/main/supervisor.ts", // Node's exit codes and signals
];

/** `undefined` is "not given"; `null` comes from outside only. */
export const noNull: Rule = (files) =>
  product(files)
    .filter((file) => !NULL_IS_THEIRS.some((path) => file.path.startsWith(path)))
    .flatMap((file) =>
      [...file.code.matchAll(/\bnull\b/g)].flatMap((match) =>
        // `typeof x === "object" && x !== null` is how the language asks for an object.
        /!== $/.test(file.code.slice(0, match.index)) || /=== $/.test(file.code.slice(0, match.index))
          ? []
          : [at(file, match.index, "null: use undefined, or a variant with a name")],
      ),
    );

/** Nothing is left for later without an issue. */
export const nothingLeft: Rule = (files) =>
  files.flatMap((file) =>
    [...file.text.matchAll(/\b(TODO|FIXME|XXX|HACK)\b/g)].map((match) =>
      at(file, match.index, `${match[1]}: do it, or open an issue and say why it may stay`),
    ),
  );

/** A test waits for a condition with a deadline, never for time to pass. */
export const noSleepingTests: Rule = (files) =>
  files
    .filter((file) => /\.test\.ts$/.test(file.path))
    .flatMap((file) =>
      [...file.code.matchAll(/await new Promise\(\(?\w*\)? => setTimeout\(\w+, (\d[\d_]*)\)/g)].flatMap((match) =>
        Number((match[1] ?? "").replaceAll("_", "")) > MAX_POLL_MS
          ? [at(file, match.index, "a test that sleeps: poll a condition with a deadline (expect.poll)")]
          : [],
      ),
    );

/** A pause between two looks at a condition is no longer than this. */
const MAX_POLL_MS = 100;

/** Codes of problems in the product's code. */
function problemCodes(files: readonly SourceFile[]): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  for (const file of product(files).filter((each) => !each.path.startsWith("src/cloud/"))) {
    // Literals of a problem, and first arguments of the small constructors in problems.ts.
    const literal = /\bcode: "([a-z]+(?:-[a-z]+)+)",\s+severity/g;
    const argument = /\b(?:error|warning|problem)\(\s*"([a-z]+(?:-[a-z]+)+)"/g;
    const chosen = /\? "([a-z]+(?:-[a-z]+)+)" : "/g;
    const otherwise = /\? "[a-z-]+" : "([a-z]+(?:-[a-z]+)+)"/g;
    const inProblems = file.path.endsWith("/problems.ts") ? [chosen, otherwise] : [];
    for (const pattern of [literal, argument, ...inProblems]) {
      for (const match of file.text.matchAll(pattern)) codes.set(match[1] ?? "", file.path);
    }
  }
  return codes;
}

/** Every problem has a section that explains it and a test that shows its whole text. */
export const explainedProblems: Rule = (files) => {
  const sections = new Set([...read("docs/errors.md").matchAll(/^## (\S+)$/gm)].map((match) => match[1] ?? ""));
  const shown = [
    ...files.filter((file) => TEST.test(file.path)).map((file) => file.text),
    read("test/fixtures/problem-texts.txt"),
  ].join("\n");
  return [...problemCodes(files)].flatMap(([code, file]) => [
    ...(sections.has(code) ? [] : [{ file, line: 1, message: `${code} has no section in docs/errors.md` }]),
    ...(shown.includes(`[${code}]`) ? [] : [{ file, line: 1, message: `${code} is shown whole in no test` }]),
  ]);
};

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function at(file: SourceFile, index: number, message: string): Violation {
  return { file: file.path, line: lineOf(file.text, index), message };
}
