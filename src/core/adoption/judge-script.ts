import { type ForeignSearch, foreignTo } from "../manifest/environment-identifiers.ts";
import { environmentOfProject } from "../manifest/environments.ts";
import type { Service } from "../platform/platform.ts";
import { looksLikeCredential } from "../values/looks-like-credential.ts";
import { AMBIENT_PROJECT } from "./answer-call.ts";
import { deployedService, flagValue, type GcloudCall, isCall, pairsOf, parseGcloud } from "./gcloud-call.ts";
import { judgeText } from "./judge-text.ts";
import type { RecordedCall } from "./recorded-script.ts";
import { refusedFlags } from "./refused-flags.ts";
import type { JudgeRequest, ScriptFinding, ScriptFindingKind } from "./script-finding.ts";

/** What a script would touch, and what is wrong with that. */
export interface ScriptJudgement {
  readonly projects: readonly string[];
  readonly regions: readonly string[];
  readonly services: readonly string[];
  readonly secrets: readonly string[];
  readonly findings: readonly ScriptFinding[];
}

/** Judges a recorded run against the environment that it was for. Each fault once, however often the script has it. */
export function judgeScript(request: JudgeRequest): ScriptJudgement {
  const judge = new Judge(request);
  for (const call of request.recorded.calls) judge.call(call);
  judge.end();
  return judge.judgement();
}

/** Groups of commands that work in a project. */
const PROJECT_GROUPS = /^(run|builds|secrets|artifacts|sql|services|iam|pubsub|scheduler|compute|logging|container)$/;
const MAX_SHOWN = 160;

class Judge {
  readonly #request: JudgeRequest;
  readonly #findForeign: ForeignSearch;
  readonly #findings = new Map<string, ScriptFinding>();
  readonly #touched = {
    projects: new Set<string>(),
    regions: new Set<string>(),
    services: new Set<string>(),
    secrets: new Set<string>(),
  };
  /** What `gcloud config set project` left. */
  #configured: string | undefined;

  constructor(request: JudgeRequest) {
    this.#request = request;
    this.#findForeign = foreignTo(request.platform, request.environment);
  }

  call(recorded: RecordedCall): void {
    this.#foreign(recorded);
    if (recorded.program !== "gcloud") return;
    const call = parseGcloud(recorded.argv);
    if (isCall(call, "config", "set") && call.words[2]?.endsWith("project") === true) this.#configured = call.words[3];
    this.#project(call, recorded);
    this.#region(call);
    for (const reason of refusedFlags(call)) this.#refused(recorded, reason);
    if (recorded.refusal !== undefined && refusedFlags(call).length === 0) this.#refused(recorded, recorded.refusal);
    this.#secrets(call);
    const service = deployedService(call);
    if (service !== undefined) this.#deployed(service, call);
  }

  end(): void {
    const { ended, hosts } = this.#request.recorded;
    if (ended.kind === "deadline") {
      this.#add(
        "deadline",
        "error",
        `It did not end within ${ended.afterMs / 1_000} s and was ended.`,
        "Find what it waits for: standard input is closed, and everything outside answers at once.",
      );
    } else if (ended.code !== 0) {
      this.#add(
        "exit-code",
        "error",
        `It ended with ${ended.code} although everything that it asked for was granted.`,
        "Look at what it printed last.",
      );
    }
    for (const host of hosts) {
      this.#add(
        "unrecorded-host",
        "warning",
        `A program of its own asked ${host}; it was refused.`,
        "Look at what it would do there: it is not in this report.",
      );
    }
  }

  judgement(): ScriptJudgement {
    const { projects, regions, services, secrets } = this.#touched;
    for (const { kind, severity, text, fix } of judgeText(this.#request)) this.#add(kind, severity, text, fix);
    return {
      projects: [...projects].sort(),
      regions: [...regions].sort(),
      services: [...services].sort(),
      secrets: [...secrets].sort(),
      findings: [...this.#findings.values()].sort((a, b) => a.severity.localeCompare(b.severity)),
    };
  }

  /** An identifier of another environment anywhere in a call. */
  #foreign(recorded: RecordedCall): void {
    const { environment } = this.#request;
    for (const word of recorded.argv) {
      const flag = /^--[\w-]+(?==)/.exec(word)?.[0];
      for (const { identifier, owner } of this.#findForeign(word)) {
        const what = looksLikeCredential("", identifier) ? "a value that is not shown" : `"${short(identifier)}"`;
        this.#add(
          "foreign",
          "error",
          `${commandOf(recorded)} names ${what}${flag === undefined ? "" : ` in ${flag}`}, which is ${owner.name}'s and not ${environment.name}'s.`,
          `Let the script take it from its arguments or the manifest of ${environment.name}.`,
        );
      }
    }
  }

  #project(call: GcloudCall, recorded: RecordedCall): void {
    const { platform, environment } = this.#request;
    const named = flagValue(call, "project") ?? recorded.project ?? this.#configured;
    const isAsking = isCall(call, "config", "get-value", "project") || isCall(call, "config", "get", "project");
    const isBare = PROJECT_GROUPS.test(call.words[0] ?? "") && named === undefined;
    if (isAsking || isBare || named === AMBIENT_PROJECT) {
      this.#add(
        "ambient-project",
        "error",
        `${commandOf(recorded)} works in whatever project the machine's gcloud is set to.`,
        `Give it the project of its environment: --project="$PROJECT_ID".`,
      );
    }
    if (named === undefined || named === AMBIENT_PROJECT) return;
    this.#touched.projects.add(named);
    const owner = environmentOfProject(platform, named);
    if (owner !== undefined) return; // another environment's is reported as foreign, with its name
    this.#add(
      "foreign",
      "error",
      `${commandOf(recorded)} works in project "${short(named)}", which is no project of ${environment.name}.`,
      `The project of ${environment.name} is ${environment.project}; another name of it belongs under aliases.projects.`,
    );
  }

  #region(call: GcloudCall): void {
    const { environment } = this.#request;
    const region = flagValue(call, "region") ?? flagValue(call, "location");
    if (region === undefined) return;
    this.#touched.regions.add(region);
    if (region === environment.region) return;
    this.#add(
      "other-region",
      "warning",
      `It works in ${short(region)}, and ${environment.name} is in ${environment.region}.`,
      "Let both say the same.",
    );
  }

  #refused(recorded: RecordedCall, reason: string): void {
    this.#add(
      "refused-call",
      "error",
      `gcloud refuses ${commandOf(recorded)}: ${reason}.`,
      "Correct the call: a release would stop here.",
    );
  }

  #secrets(call: GcloudCall): void {
    for (const flag of ["set-secrets", "update-secrets"]) {
      for (const reference of pairsOf(call, flag).values())
        this.#touched.secrets.add(reference.replace(/:[^:/]*$/, ""));
    }
    if (!isCall(call, "secrets")) return;
    const isVersion = call.words[1] === "versions";
    const name = flagValue(call, "secret") ?? call.words[isVersion ? 3 : 2];
    if (name !== undefined && name !== "") this.#touched.secrets.add(name);
  }

  #deployed(service: string, call: GcloudCall): void {
    const { platform, live } = this.#request;
    this.#touched.services.add(service);
    const declared: Service | undefined = platform.services[service];
    if (declared === undefined) {
      this.#add(
        "unknown-service",
        "warning",
        `It deploys "${short(service)}", which mobius.yaml does not have.`,
        "Declare the service, or leave it out of the script.",
      );
    }
    for (const [name, value] of pairsOf(call, "set-env-vars")) {
      if (!looksLikeCredential(name, value)) continue;
      this.#add(
        "credential",
        "error",
        `It passes ${name} of ${service} in plain text, and it looks like a credential.`,
        `Keep it as a secret: mobius secret set …, and --set-secrets=${name}=…`,
      );
    }
    this.#dropped(
      service,
      call,
      ["set-env-vars", "clear-env-vars", "env-vars-file"],
      [...Object.keys(declared?.env ?? {}), ...(live[service] ?? [])],
    );
    this.#dropped(service, call, ["set-secrets", "clear-secrets"], Object.keys(declared?.secrets ?? {}));
  }

  /** A list that replaces everything loses what it does not name. */
  #dropped(service: string, call: GcloudCall, flags: readonly string[], expected: readonly string[]): void {
    const used = flags.filter((flag) => call.flags.has(flag));
    // What is in the file is not in the call.
    if (used.length === 0 || used.includes("env-vars-file")) return;
    const given = new Set([...pairsOf(call, "set-env-vars").keys(), ...pairsOf(call, "set-secrets").keys()]);
    const lost = [...new Set(expected)].filter((name) => !given.has(name)).sort();
    if (lost.length === 0) return;
    this.#add(
      "dropped-variables",
      "error",
      `It would drop ${lost.join(", ")} of ${service}: --${used[0]} replaces everything.`,
      "Name them all, or merge with --update-env-vars and --update-secrets.",
    );
  }

  #add(kind: ScriptFindingKind, severity: ScriptFinding["severity"], text: string, fix: string): void {
    this.#findings.set(`${kind} ${text}`, { kind, severity, text, fix });
  }
}

function commandOf({ program, argv }: RecordedCall): string {
  const words = program === "gcloud" ? parseGcloud(argv).words.slice(0, 4) : [];
  return `\`${[program, ...words].join(" ")}\``;
}

function short(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
