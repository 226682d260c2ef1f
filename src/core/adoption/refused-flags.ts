import { type GcloudCall, isCall, isSwitch } from "./gcloud-call.ts";

/** Groups and commands directly beneath `gcloud run`. */
const RUN_WORDS = ["deploy", "services", "revisions", "jobs", "regions", "domain-mappings", "worker-pools", "compose"];

/** Flags of which at most one may be given. */
const EXCLUSIVE: readonly (readonly [one: readonly string[], other: readonly string[]])[] = [
  [["vpc-connector"], ["network", "subnet"]],
  [
    ["set-env-vars", "env-vars-file", "clear-env-vars"],
    ["update-env-vars", "remove-env-vars"],
  ],
  [
    ["set-secrets", "clear-secrets"],
    ["update-secrets", "remove-secrets"],
  ],
  [["image"], ["source"]],
];

/** Why gcloud would refuse a call before it asks anybody: one sentence for each reason. */
export function refusedFlags(call: GcloudCall): readonly string[] {
  const reasons: string[] = [];
  for (const [flag, uses] of call.flags) {
    if (isSwitch(flag) && uses.some(({ form }) => form === "joined")) {
      reasons.push(
        `--${flag} takes no value${flag === "allow-unauthenticated" ? "; the opposite is --no-allow-unauthenticated" : ""}`,
      );
    }
  }
  const [group, word = ""] = call.words;
  if (group === "run" && word !== "" && !RUN_WORDS.includes(word)) {
    reasons.push(`there is no command "gcloud run ${word}"; services are under "gcloud run services"`);
  }
  for (const [one, other] of EXCLUSIVE) {
    const first = one.find((flag) => call.flags.has(flag));
    const second = other.find((flag) => call.flags.has(flag));
    if (first !== undefined && second !== undefined) reasons.push(`--${first} and --${second} exclude one another`);
  }
  if (isCall(call, "sql", "connect") && call.flags.has("command")) {
    reasons.push('"gcloud sql connect" has no --command; it opens a terminal');
  }
  if (isCall(call, "builds", "triggers", "create", "webhook") && !call.flags.has("secret")) {
    reasons.push("a webhook trigger needs --secret");
  }
  return reasons;
}
