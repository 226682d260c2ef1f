/** A revision's template in our words and in Cloud Run's, both ways, so that what was asked is read back exactly. Pure. */
import type { protos } from "@google-cloud/run";
import type { EnvValue, RevisionTemplate } from "../../ports/services.ts";

type GoogleTemplate = protos.google.cloud.run.v2.IRevisionTemplate;
type GoogleContainer = protos.google.cloud.run.v2.IContainer;
type GoogleEnv = protos.google.cloud.run.v2.IEnvVar;
type GoogleVolume = protos.google.cloud.run.v2.IVolume;
type GoogleDuration = protos.google.protobuf.IDuration;

const SQL_VOLUME = "cloudsql";
const SQL_PATH = "/cloudsql";

/** The members that revisions and the tasks of jobs share. */
export interface GoogleRunnable {
  readonly containers?: GoogleContainer[] | null;
  readonly volumes?: GoogleVolume[] | null;
  readonly timeout?: GoogleDuration | null;
  readonly serviceAccount?: string | null;
}

/** The template of a revision with that name. */
export function googleTemplate(
  template: RevisionTemplate,
  about: { readonly revision: string; readonly labels: Readonly<Record<string, string>> },
): GoogleTemplate {
  const { containers, ...rest } = googleRunnable(template);
  const [container] = containers ?? [];
  const { port, startup, cpuThrottling, minInstances, maxInstances, concurrency } = template;
  // More than 240 s is refused by Cloud Run itself: cutting it here would be a difference in every later plan.
  const seconds = startup.withinSeconds;
  return {
    ...rest,
    revision: about.revision,
    labels: { ...about.labels },
    scaling: { minInstanceCount: minInstances, maxInstanceCount: maxInstances },
    maxInstanceRequestConcurrency: concurrency,
    containers: [
      {
        ...container,
        ports: [{ containerPort: port }],
        resources: { ...container?.resources, cpuIdle: cpuThrottling },
        startupProbe: {
          httpGet: { path: startup.path },
          periodSeconds: 1,
          timeoutSeconds: 1,
          failureThreshold: seconds,
        },
      },
    ],
  };
}

/** The part of a template that a job's task has too. */
export function googleRunnable(template: RevisionTemplate): GoogleRunnable {
  const { image, command, args, env, memory, cpu, timeoutSeconds, serviceAccount, cloudsqlInstances } = template;
  const hasSql = cloudsqlInstances.length > 0;
  return {
    timeout: { seconds: timeoutSeconds },
    serviceAccount,
    ...(hasSql ? { volumes: [{ name: SQL_VOLUME, cloudSqlInstance: { instances: [...cloudsqlInstances] } }] } : {}),
    containers: [
      {
        image,
        command: [...command],
        args: [...args],
        env: Object.entries(env).map(([name, value]) => googleEnv(name, value)),
        resources: { limits: { memory, cpu: String(cpu) } },
        ...(hasSql ? { volumeMounts: [{ name: SQL_VOLUME, mountPath: SQL_PATH }] } : {}),
      },
    ],
  };
}

/** What a revision was made from. */
export function templateOf(revision: protos.google.cloud.run.v2.IRevision): RevisionTemplate {
  const container = revision.containers?.[0] ?? {};
  const probe = container.startupProbe;
  const periods = (probe?.failureThreshold ?? 0) * (probe?.periodSeconds ?? 0);
  return {
    ...runnableOf(revision),
    port: container.ports?.[0]?.containerPort ?? 0,
    cpuThrottling: container.resources?.cpuIdle ?? false,
    minInstances: revision.scaling?.minInstanceCount ?? 0,
    maxInstances: revision.scaling?.maxInstanceCount ?? 0,
    concurrency: revision.maxInstanceRequestConcurrency ?? 0,
    startup: { path: probe?.httpGet?.path ?? "", withinSeconds: periods },
  };
}

/** Members of a template that only a service has; a job keeps them aside. */
export type ServiceOnly = Pick<
  RevisionTemplate,
  "port" | "cpuThrottling" | "minInstances" | "maxInstances" | "concurrency" | "startup"
>;

/** The part that revisions and the tasks of jobs share. */
export function runnableOf(runnable: GoogleRunnable): Omit<RevisionTemplate, keyof ServiceOnly> {
  const container = runnable.containers?.[0] ?? {};
  const limits = container.resources?.limits ?? {};
  const sql = runnable.volumes?.find(({ name }) => name === SQL_VOLUME)?.cloudSqlInstance;
  return {
    image: container.image ?? "",
    command: container.command ?? [],
    args: container.args ?? [],
    env: Object.fromEntries((container.env ?? []).map((variable) => [variable.name ?? "", envOf(variable)])),
    memory: limits.memory ?? "",
    cpu: cpuOf(limits.cpu ?? ""),
    timeoutSeconds: Number(runnable.timeout?.seconds ?? 0),
    serviceAccount: runnable.serviceAccount ?? "",
    cloudsqlInstances: sql?.instances ?? [],
  };
}

function googleEnv(name: string, value: EnvValue): GoogleEnv {
  if (value.kind === "plain") return { name, value: value.value };
  return { name, valueSource: { secretKeyRef: { secret: value.secret, version: value.version } } };
}

function envOf({ value, valueSource }: GoogleEnv): EnvValue {
  const reference = valueSource?.secretKeyRef;
  if (reference === undefined || reference === null) return { kind: "plain", value: value ?? "" };
  return { kind: "secret", secret: reference.secret ?? "", version: reference.version ?? "" };
}

/** `2`, `0.5` or `1000m`. */
function cpuOf(text: string): number {
  return text.endsWith("m") ? Number(text.slice(0, -1)) / 1_000 : Number(text);
}
