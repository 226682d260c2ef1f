import type { Problem, Where } from "../values/problem.ts";

/** A name that leads to nothing in the platform file. */
export function referenceUnknown(where: Where, kind: string, name: string, nearest: string | undefined): Problem {
  return {
    code: "reference-unknown",
    severity: "error",
    summary: `There is no ${kind} "${name}".`,
    where,
    why: ["A name in the platform file must lead to something that the file declares."],
    fix: nearest === undefined ? `Declare the ${kind}, or correct the name.` : `Did you mean "${nearest}"?`,
  };
}

/** An expression that cannot be read. */
export function expressionInvalid(where: Where, message: string): Problem {
  return {
    code: "expression-invalid",
    severity: "error",
    summary: "The expression cannot be read.",
    where,
    why: [message],
    fix: "Use ${services.X.url}, ${databases.X.url}, ${overrides.x} or ${flags.x}; write $$ for a dollar sign.",
  };
}

/** Two image keys that name one another as their artifact. */
export function imageCycle(where: Where, image: string): Problem {
  return {
    code: "image-cycle",
    severity: "error",
    summary: `Image "${image}" is the same as itself, by way of sameAs.`,
    where,
    why: ["Some key has to say how the artifact is built."],
    fix: "Give one of the keys a build.",
  };
}

/** A worker that Cloud Run would starve. */
export function workerThrottled(where: Where, service: string): Problem {
  return {
    code: "worker-throttled",
    severity: "warning",
    summary: `Worker "${service}" may stand still: it needs minInstances of 1 or more and cpuThrottling: false.`,
    where,
    why: ["Cloud Run gives a throttled instance processor time only while it answers a request."],
    fix: `Set services.${service}.run.minInstances to 1 and cpuThrottling to false.`,
  };
}

/** A worker that takes its work from elsewhere than its module's API puts it. */
export function queueDiffers(
  where: Where,
  variable: string,
  { worker, api }: { readonly worker: string; readonly api: string },
): Problem {
  return {
    code: "queue-differs",
    severity: "warning",
    summary: `Worker "${worker}" and API "${api}" have another ${variable}: the worker may wait for work that goes elsewhere.`,
    where,
    why: ["Both are of one module, and a worker on another queue looks well and does nothing."],
    fix: `Give both the same ${variable}, best by one expression: \${overrides.<name>}.`,
  };
}

/** A canary of something that takes no requests. */
export function canaryUnfit(where: Where, service: string, role: "worker" | "job"): Problem {
  return {
    code: "canary-unfit",
    severity: "error",
    summary: `Service "${service}" is a ${role}, and a canary needs an API.`,
    where,
    why: ["A canary gives a candidate a share of the requests, and it is judged by how it answers them."],
    fix: `Take "${service}" out of the canary: it moves with the set.`,
  };
}

/** A credential in a file that git keeps; the problem never quotes it. */
export function credentialInPlainText(where: Where, name: string): Problem {
  return {
    code: "credential-in-plain-text",
    severity: "error",
    summary: `${name} holds a credential in plain text.`,
    where,
    why: ["Whoever can read the repository, now or later, has it."],
    fix: "Put it into Secret Manager (mobius secret set <name> --env <environment>), name it under secrets, and change it: it has been seen.",
  };
}

/** An address of Cloud Run that is written out: it is one environment's, in a file for all of them. */
export function addressWrittenOut(where: Where, name: string): Problem {
  return {
    code: "address-written-out",
    severity: "warning",
    summary: `${name} holds an address of Cloud Run that is written out.`,
    where,
    why: ["It is the address in one environment, and every environment would get it."],
    fix: "Name the service: ${services.<service>.url}; or give each environment its value: ${overrides.<name>}.",
  };
}

/** A project or name that two environments claim. */
export function environmentsOverlap(
  where: Where,
  kind: string,
  value: string,
  [first, second]: readonly [string, string],
): Problem {
  return {
    code: "environments-overlap",
    severity: "error",
    summary: `Environments "${first}" and "${second}" have the same ${kind} "${value}".`,
    where,
    why: [
      "What belongs to an environment is told by its name and project; a shared one would let a release cross over.",
    ],
    fix: `Give "${second}" a ${kind} of its own.`,
  };
}
