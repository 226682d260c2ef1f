import type { Problem, Where } from "../values/problem.ts";

const BOUNDARY_NOT_ENFORCED = "boundary-not-enforced";

interface Details {
  readonly summary: string;
  readonly why: readonly string[];
  readonly fix: string;
  readonly where?: Where | undefined;
}

function problem(severity: Problem["severity"], code: string, { summary, why, fix, where }: Details): Problem {
  return { code, severity, summary, ...(where === undefined ? {} : { where }), why, fix };
}

/** The file is no YAML, or its root is not a mapping. */
export function buildFileUnreadable(reason: string, where: Where): Problem {
  return problem("error", "build-file-unreadable", {
    summary: "The build configuration cannot be read.",
    where,
    why: [reason],
    fix: "Correct the YAML at this place.",
  });
}

/** A field that Cloud Build does not have; `reason` is Google's sentence about it. */
export function buildFieldUnknown(place: string, reason: string, where: Where): Problem {
  return problem("error", "build-field-unknown", {
    summary: `Cloud Build has no field "${place}".`,
    where,
    why: [reason],
    fix: "Correct its spelling, or remove it.",
  });
}

/** A field with a value of the wrong kind. */
export function buildFieldWrong(place: string, reason: string, where: Where): Problem {
  return problem("error", "build-field-wrong", {
    summary: `The value of "${place}" is not what Cloud Build takes there.`,
    where,
    why: [reason],
    fix: "Write the value in the form that is expected.",
  });
}

/** A file that `gcloud builds submit` takes and a trigger does not. */
export function buildStrictDiffers(reason: string, where: Where): Problem {
  return problem("warning", "build-strict-differs", {
    summary: "A trigger would refuse this file, though gcloud takes it.",
    where,
    why: ["Google's server reads a trigger's file itself, and forgives less than gcloud does.", reason],
    fix: "Write the value in its full form, such as args: [x] instead of args: x.",
  });
}

/** Fields that the embedded engine takes and that change nothing there. */
export function buildFieldWithoutEffect(fields: readonly string[], where: Where): Problem {
  const [one, named] = [fields.length === 1, fields.join(", ")];
  return problem("warning", "build-field-without-effect", {
    summary: `The embedded engine takes ${named} and does nothing with ${one ? "it" : "them"}.`,
    where,
    why: ["Builds run on this machine, with its processors, its disk and its log; on Google the fields count."],
    fix: "Leave them for Google, or remove them where builds only run here.",
  });
}

/** What Cloud Build itself would answer to the configuration, in its words. */
export function buildRejected(message: string, where?: Where): Problem {
  return problem("error", "build-rejected", {
    summary: "Cloud Build's rules refuse this build.",
    where,
    why: message.split(";"),
    fix: "Correct the configuration; mobius build lint shows what can be mended by itself.",
  });
}

/** A protected environment's build whose steps the kernel could not keep to it. `gap` says what is not kept. */
export function boundaryNotEnforced(environment: string, steps: readonly string[], gap: string): Problem {
  const named = steps.map((step) => `"${step}"`).join(", ");
  const [subject, them] = steps.length === 1 ? ["Step", "it"] : ["Steps", "them"];
  return problem("error", BOUNDARY_NOT_ENFORCED, {
    summary: `Environment ${environment} is protected, and the kernel would not keep this build to it.`,
    why: [
      `${subject} ${named} may run code of a repository, and nothing keeps ${them} from other environments: ${gap.replaceAll(";", ",")}.`,
    ],
    fix: "Run the server where user and network namespaces are allowed, with steps on the host or oci executor.",
  });
}

/** A refusal as one line, which the cloud's error body carries. */
export function refusalLine({ code, summary, why, fix }: Problem): string {
  return `${code}: ${[summary, ...why, fix].join("; ")}`;
}

/** Our own problem behind a refusal of the cloud, where the line is one of ours. */
export function refusedByBoundary(line: string): Problem | undefined {
  const [code, text = ""] = line.split(/: (.*)/s, 2);
  const [summary = "", ...rest] = text.split("; ");
  const fix = rest.pop();
  if (code !== BOUNDARY_NOT_ENFORCED || fix === undefined) return undefined;
  return problem("error", BOUNDARY_NOT_ENFORCED, { summary, why: rest, fix });
}

/** A shell variable that Cloud Build takes for a substitution. */
export function shellVariableUnescaped(name: string, where: Where): Problem {
  return problem("error", "build-shell-variable-unescaped", {
    summary: `key in the template "${name}" is not a valid built-in substitution`,
    where,
    why: [
      "Cloud Build replaces $NAME before a shell sees it, and refuses a name that it does not know.",
      `invalid value for 'build.substitutions': key in the template "${name}" is not a valid built-in substitution`,
    ],
    fix: `Write $$${name} for the shell's variable, or run mobius build lint --fix.`,
  });
}

/** A shell variable that an earlier step sets and this one expects. */
export function shellVariableLost(name: string, earlier: string, where: Where): Problem {
  return problem("error", "build-variable-lost", {
    summary: `Variable ${name} is set in ${earlier} and does not survive into this step.`,
    where,
    why: ["Each step runs in a container of its own: files in /workspace survive it, variables do not."],
    fix: `Give the step its own: env: ["${name}=…"], used as "$$${name}"; mobius build lint --fix does so for a substitution.`,
  });
}

/** A substitution inside shell text: its value becomes code. */
export function substitutionInShell(key: string, where: Where): Problem {
  const name = key.replace(/^_/, "");
  return problem("warning", "build-substitution-in-shell", {
    summary: `Substitution ${key} is pasted into shell text.`,
    where,
    why: ["Its value becomes part of the program: a quote or a semicolon in it is executed."],
    fix: `Pass it through the environment: env: ["${name}=\${${key}}"], and write "$$${name}" in the script.`,
  });
}

/** A builder image under a spelling that only some projects have. */
export function builderImageSpelling(image: string, usual: string, where: Where): Problem {
  return problem("warning", "build-image-spelling", {
    summary: `Builder image "${image}" is spelled as a copy in the project's own registry.`,
    where,
    why: ["Cloud Build's builders live in one place for all projects; a project has no copy unless somebody made one."],
    fix: `Write ${usual}.`,
  });
}

/** A clone that leaves the submodules empty. */
export function cloneWithoutSubmodules(where: Where): Problem {
  return problem("warning", "build-clone-without-submodules", {
    summary: "The clone leaves submodules empty.",
    where,
    why: ["git clone fetches the umbrella alone: the modules' folders would have no files."],
    fix: 'Add "--recurse-submodules" after "clone".',
  });
}

/** The caller may not start builds there. */
export function buildDenied(project: string, message: string): Problem {
  return problem("error", "build-denied", {
    summary: `Starting a build in project ${project} is not allowed.`,
    why: [message],
    fix: "Use the identity of this environment, and give it cloudbuild.builds.editor and actAs on the build's account.",
  });
}
