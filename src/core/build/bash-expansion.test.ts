import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandWord } from "./bash-expansion.ts";
import { readWord } from "./bash-read-word.ts";
import { wordKeys } from "./bash-word.ts";
import { substituteText } from "./substitution-keys.ts";

const VALUES: Readonly<Record<string, string>> = {
  _V: "feature/a-b.c",
  _W: "b",
  _P: "*",
  _E: "",
  _U: "Ünïcode ß",
  _R: "aaa",
  TAG_NAME: "v1.2.3",
  BUILD_ID: "0123456789-abc",
  _OBJ: "data/run-42/state.json",
};

function expanded(text: string, steps = 100_000): string {
  let left = steps;
  const word = readWord(text);
  if (!word.ok) return `! ${word.error}`;
  const value = (key: string) => VALUES[key];
  const spend = (cost: number) => {
    left -= cost;
    return left >= 0;
  };
  const result = expandWord(word.value, { value, spend, maxLength: 1_000 });
  return result.ok ? result.value : `! ${result.error}`;
}

describe("parameter expansions", () => {
  it.each([
    // The uses that public files have.
    ["${TAG_NAME%%.*}-latest", "v1-latest"],
    ["${BUILD_ID:0:8}", "01234567"],
    ["${_OBJ/\\/state.json/}", "data/run-42"],
    ["${_OBJ##*-}", "42/state.json"],
    // The tokens of every field mean the same here.
    ["$_W$$_W ${_W} $1 $foo ${foo} ${1} $(x) `x` ${_W", "b$_W b $1 $foo ${foo} ${1} $(x) `x` ${_W"],
    ["${_E:-x}${_E-x}${_N:-x}${_N-y}", "xxy"],
    ["${_E:+x}${_E+y}${_W:+z}${_N+w}", "yz"],
    ["${_N:=q}$_N", "qq"],
    ["${_N:?gone}", "! _N: gone"],
    ["${_E:?}", "! _E: parameter null or not set"],
    ["${_N?}", "! _N: parameter not set"],
    ["${#_V}${#_U}${#_N}", "1390"],
    ["${TAG_NAME: -3}${TAG_NAME:1:-2}${TAG_NAME:(-1)}${TAG_NAME::2}${TAG_NAME:9}", "2.31.23v1"],
    ["${TAG_NAME:4:-3}", "! TAG_NAME: substring expression < 0"],
    ["${TAG_NAME:1+1}", '! "1+1" is not a whole number, and arithmetic is not evaluated'],
    ["${_V#*[/-]}|${_V##*[!a-z]}|${_V%.?}|${_V%%-*}", "a-b.c|c|feature/a-b|feature/a"],
    ["${_R/a/b}${_R//a/b}${_R/#a/b}${_R/%a/b}", "baabbbbaaaab"],
    ["${_V////+}|${_V//}|${_R/#/x}${_R/%/y}", "feature+a-b.c|feature/a-b.c|xaaaaaay"],
    ["${_V//[[:punct:]]/_}", "feature_a_b_c"],
    ['${_V/$_P/<$_W>}|${_R/"$_P"/x}', "<b>|aaa"],
    ["${_W^}${_V^^}${_U,,}${_V^^[a-c]}", "BFEATURE/A-B.Cünïcode ßfeAture/A-B.C"],
    ["${_N:-${_M:-$_W}}", "b"],
    ["${_N:-a\\}b}", "a}b"],
    // What bash would run, or look up by another's value, is refused rather than passed on as text.
    ["${_N:-$(date)}", "! commands are not run"],
    ["${_N:-`date`}", "! commands are not run"],
    ["${!_V}", "! a name cannot be looked up by the value of another"],
    ["${_V@Q}", "! bad substitution"],
    ["${_V:-x", '! "}" is missing'],
    ["${_V#'a}", "! a quote is not closed"],
  ])("reads %s as %s", (text, result) => {
    expect(expanded(text)).toBe(result);
  });

  it("names every key that a value refers to, in operators too", () => {
    const word = readWord("$_A ${_B:-${_C/x$_D/$_E}} ${_F:$_G:$_H} $$_I");
    expect(word.ok && wordKeys(word.value)).toEqual(["_A", "_B", "_C", "_D", "_E", "_F", "_G", "_H"]);
  });

  it("means in a text without operators what it means in every other field", () => {
    const texts = fc.string({ unit: fc.constantFrom("$", "$", "{", "}", "_W", "TAG_NAME", "_N", "a", "1", "(", " ") });
    fc.assert(
      fc.property(texts, (text) => {
        const ours = expanded(text);
        if (!ours.startsWith("! ")) expect(ours).toBe(substituteText(text, (key) => VALUES[key] ?? ""));
      }),
    );
  });

  it("ends where it would become long, or too much work", () => {
    expect(expanded("$_V".repeat(100))).toBe("! it becomes longer than 1000 characters");
    expect(expanded("${_V//*a*b*c*d}", 30)).toBe("! it takes too much work");
    expect(expanded("${_N:-".repeat(30) + "}".repeat(30))).toContain("more than 20 times");
  });
});

/** A text in single quotes, for a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Values of the names A to D (undefined is not set), and what stands in double quotes. */
type Case = { readonly values: readonly (string | undefined)[]; readonly text: string };
const NAMES = ["A", "B", "C", "D"] as const;

/** What bash makes of each case; undefined where it refuses. */
function inBash(cases: readonly Case[]): readonly (string | undefined)[] {
  const lines = cases.map(({ values, text }) => {
    const set = NAMES.map((name, index) => (values[index] === undefined ? "" : `${name}=${quoted(values[index])};`));
    return `( ${set.join("")} x="${text}" && printf '=%s' "$x" ); printf '\\0'`;
  });
  const script = `unset ${NAMES.join(" ")}; shopt -u patsub_replacement 2>/dev/null\n${lines.join("\n")}\n`;
  const run = execFileSync("bash", ["--norc"], {
    input: script,
    env: { LC_ALL: "C.UTF-8", PATH: process.env.PATH ?? "" },
    stdio: ["pipe", "pipe", "ignore"],
    maxBuffer: 64_000_000,
  });
  const results = run.toString("utf8").split("\0");
  return cases.map((_, index) => (results[index]?.startsWith("=") ? results[index].slice(1) : undefined));
}

const name = fc.constantFrom(...NAMES);
const value = fc.option(fc.string({ unit: fc.constantFrom(..."abAB./-_1é*?[]"), maxLength: 7 }), { nil: undefined });
const letters = fc.string({ unit: fc.constantFrom(..."abAB.-_1é"), minLength: 0, maxLength: 3 });
const set = fc.constantFrom(
  "[ab]",
  "[!a]",
  "[^b]",
  "[a-c]",
  "[]]",
  "[a",
  "[[:alpha:]]",
  "[[:digit:]]",
  "[![:upper:]_]",
  "[-.]",
  "[a-]",
);
// Bash 5.2 mistakes a quoted `*` at a pattern's end for one that is not quoted: a character follows it here.
const part = fc.oneof(letters, fc.constantFrom("*", "?", "\\*a", "\\/", "'*'b", '"?"', "\\a"), set);
const reference = name.map((of) => `\${${of}}`);
const pattern = fc
  .array(fc.oneof({ weight: 4, arbitrary: part }, reference), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(""))
  // A first character that comes from a value, or closes nothing, is read as an operator by bash alone.
  .filter((text) => !/^[$#%/^,]/.test(text));
const word = fc
  .array(fc.oneof(letters, reference, fc.constantFrom(" ", "/", "*", "\\}", "\\\\", "\\a", '"a b"')), { maxLength: 3 })
  .map((parts) => parts.join(""));
const by = fc.array(fc.oneof(letters, reference, fc.constantFrom("\\/", "/", "*", " ", '"?"')), { maxLength: 3 });
const number = fc.oneof(
  fc.integer({ min: 0, max: 8 }).map(String),
  fc.integer({ min: -8, max: -1 }).map((value) => ` ${value}`),
);
const expansion = fc.oneof(
  reference,
  name.map((of) => `\${#${of}}`),
  fc.tuple(name, fc.constantFrom(":-", "-", ":+", "+", ":=", "=", ":?", "?"), word).map((all) => `\${${all.join("")}}`),
  fc.tuple(name, number).map(([of, offset]) => `\${${of}:${offset}}`),
  fc.tuple(name, number, number).map(([of, offset, length]) => `\${${of}:${offset}:${length}}`),
  fc.tuple(name, fc.constantFrom("#", "##", "%", "%%"), pattern).map((all) => `\${${all.join("")}}`),
  fc
    .tuple(name, fc.constantFrom("/", "//", "/#", "/%"), pattern, by)
    .map(([of, sign, from, to]) => `\${${of}${sign}${from}/${to.join("")}}`),
  fc.tuple(name, fc.constantFrom("/", "//"), pattern).map((all) => `\${${all.join("")}}`),
  fc.tuple(name, fc.constantFrom("^", "^^", ",", ",,")).map((all) => `\${${all.join("")}}`),
  fc.tuple(name, fc.constantFrom("^", "^^", ",", ",,"), set).map((all) => `\${${all.join("")}}`),
  fc.tuple(name, name, word).map(([of, other, text]) => `\${${of}:-\${${other}:-${text}}}`),
);
const cases: fc.Arbitrary<Case> = fc.record({
  values: fc.tuple(value, value, value, value),
  text: fc.array(fc.oneof(expansion, letters), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("")),
});

describe("against bash itself", () => {
  it("gives what bash gives, and refuses what bash refuses", { timeout: 60_000 }, () => {
    const many = fc.sample(cases, 1_500);
    const actual = inBash(many);
    const differing = many.flatMap(({ values, text }, index) => {
      const word = readWord(text);
      const of = (key: string) => values[NAMES.indexOf(key as (typeof NAMES)[number])];
      const ours = word.ok ? expandWord(word.value, { value: of, spend: () => true, maxLength: 10_000 }) : word;
      const result = ours.ok ? ours.value : undefined;
      return result === actual[index] ? [] : [{ values, text, ours, bash: actual[index] }];
    });
    expect(differing.slice(0, 8)).toEqual([]);
  });
});
