/** A call of `gcloud` taken apart. */
export interface GcloudCall {
  /** Words before the first that is no command: `run`, `services`, `describe`. */
  readonly words: readonly string[];
  /** Flag → its values, in order; one without a value has an empty text. */
  readonly flags: ReadonlyMap<string, readonly FlagUse[]>;
}

export interface FlagUse {
  readonly value: string;
  /** `--flag=value`, `--flag value`, or alone. */
  readonly form: "joined" | "apart" | "alone";
}

/** Flags that take no value, also after a space. Those that begin with `no-` or `clear-` take none either. */
const SWITCHES = new Set([
  ...["quiet", "help", "async", "wait", "allow-unauthenticated", "cpu-boost", "cpu-throttling", "to-latest", "force"],
  ...["traffic", "execute-now", "include-tags", "use-http2", "session-affinity", "uri", "log-http", "default-url"],
  ...["iap", "invoker-iam-check", "suppress-logs", "no-source", "stream-logs", "all"],
]);

/** Whether a flag (without its dashes) takes no value. */
export function isSwitch(flag: string): boolean {
  return SWITCHES.has(flag) || /^(no|clear)-/.test(flag);
}

/** Takes the arguments of a call apart as gcloud does: flags may stand anywhere, with `=` or a space. */
export function parseGcloud(argv: readonly string[]): GcloudCall {
  const words: string[] = [];
  const flags = new Map<string, FlagUse[]>();
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    if (word === "--") break;
    const [, name, joined] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(word === "-q" ? "--quiet" : word) ?? [];
    if (name === undefined) {
      words.push(word);
      continue;
    }
    const next = argv[at + 1];
    const takesNext = joined === undefined && !isSwitch(name) && next !== undefined && !next.startsWith("--");
    const use: FlagUse =
      joined !== undefined
        ? { value: joined, form: "joined" }
        : takesNext
          ? { value: next, form: "apart" }
          : { value: "", form: "alone" };
    if (takesNext) at += 1;
    flags.set(name, [...(flags.get(name) ?? []), use]);
  }
  return { words, flags };
}

/** The last value of a flag, which is the one that counts. */
export function flagValue(call: GcloudCall, flag: string): string | undefined {
  return call.flags.get(flag)?.at(-1)?.value;
}

/** Whether a call's command begins with the words. */
export function isCall(call: GcloudCall, ...words: readonly string[]): boolean {
  return words.every((word, index) => call.words[index] === word);
}

/** `KEY=value` pairs of a list flag, with all its uses merged and gcloud's own delimiters (`^;^A=1;B=2`). */
export function pairsOf(call: GcloudCall, flag: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const { value } of call.flags.get(flag) ?? []) {
    const [, delimiter = ",", list = value] = /^\^([^^]+)\^(.*)$/s.exec(value) ?? [];
    for (const pair of list.split(delimiter)) {
      const at = pair.indexOf("=");
      if (at > 0) pairs.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }
  return pairs;
}

/** The service or job that a call deploys or changes; undefined for any other call. */
export function deployedService(call: GcloudCall): string | undefined {
  if (isCall(call, "run", "deploy")) return call.words[2] ?? "";
  const isChange =
    ["services", "jobs"].includes(call.words[1] ?? "") && ["update", "deploy", "create"].includes(call.words[2] ?? "");
  return call.words[0] === "run" && isChange ? (call.words[3] ?? "") : undefined;
}
