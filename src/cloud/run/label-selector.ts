/** `labelSelector` as clients of the older form write it: `a=b,c!=d,e in (f,g),h`. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import { type JsonObject, objectOf, textsOf } from "./read-json.ts";

const NAME = "[A-Za-z0-9_./-]{1,317}";
const VALUE = "[A-Za-z0-9_.-]{0,63}";
const EQUALITY = new RegExp(`^(${NAME})\\s*(==?|!=)\\s*(${VALUE})$`);
const MEMBERSHIP = new RegExp(`^(${NAME})\\s+(in|notin)\\s+\\(([A-Za-z0-9_.,\\s-]*)\\)$`);
const PRESENCE = new RegExp(`^(!?)\\s*(${NAME})$`);

type Test = (labels: Readonly<Record<string, string>>) => boolean;

/** Whether an item's labels fit; the error names the part that cannot be read. */
export function readSelector(text: string): Result<(item: JsonObject) => boolean, string> {
  const tests: Test[] = [];
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  for (const part of parts.filter((each) => each !== "")) {
    const test = readTest(part);
    if (test === undefined) return err(`labelSelector: '${part}' cannot be read.`);
    tests.push(test);
  }
  return ok(({ metadata }) => {
    const labels = textsOf(objectOf(metadata).labels);
    return tests.every((test) => test(labels));
  });
}

function readTest(part: string): Test | undefined {
  const [, name = "", sign, value] = EQUALITY.exec(part) ?? [];
  if (sign !== undefined) return (labels) => (labels[name] === value) === (sign !== "!=");
  const [, key = "", operator, list = ""] = MEMBERSHIP.exec(part) ?? [];
  if (operator !== undefined) {
    const values = list.split(",").map((each) => each.trim());
    return (labels) => values.includes(labels[key] ?? "") === (operator === "in");
  }
  const [, absent, label = ""] = PRESENCE.exec(part) ?? [];
  return absent === undefined ? undefined : (labels) => Object.hasOwn(labels, label) === (absent === "");
}
