/** Scripts with the real gcloud against the embedded Cloud Run: what they print and how they end. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { gcloudAgainst, HAS_GCLOUD } from "../builds/gcloud-against.ts";
import { startCloud } from "./run-world.ts";

const PATIENCE_MS = 240_000;
const REVISION = "--format=value(status.traffic[0].revisionName)";

async function startGcloud() {
  const cloud = await startCloud();
  const folder = join(cloud.directory, "gcloud");
  const gcloud = gcloudAgainst({ url: cloud.url, folder, apis: ["RUN", "SERVICEUSAGE"], token: "token" });
  return {
    run: async (...args: readonly string[]) => (await gcloud("run", ...args, "--quiet")).trim(),
    read: async (path: string) => {
      const response = await fetch(`${cloud.url}/v2/projects/p1/locations/us-central1/${path}`);
      return (await response.json()) as Record<string, unknown>;
    },
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}

// A client that nobody here wrote. A skip is no pass: the report names it.
describe.skipIf(!HAS_GCLOUD)("gcloud run", () => {
  it("deploys with the flags of the platform's scripts, replaces and merges", { timeout: PATIENCE_MS }, async () => {
    await using cloud = await startGcloud();
    const { run, read } = cloud;
    const flags = [
      "--image=r/api:1",
      "--set-env-vars=A=1",
      "--set-env-vars=^;^B=x,y;C=",
      "--set-secrets=KEY=key:latest,/secrets/pem=pem:2",
      "--allow-unauthenticated",
      "--platform=managed",
      "--service-account=a@p1.iam.gserviceaccount.com",
      "--memory=512Mi",
      "--cpu=1",
      "--add-cloudsql-instances=p1:us-central1:db",
      "--timeout=360",
      "--min-instances=1",
      "--max-instances=3",
      "--no-cpu-throttling",
      "--cpu-boost",
      "--concurrency=10",
      "--port=8080",
      "--execution-environment=gen2",
      "--vpc-connector=connector",
      "--vpc-egress=private-ranges-only",
      "--command=uvicorn,app",
      "--args=--port,8080",
      "--labels=team=x",
      "--revision-suffix=one",
    ];
    await run("deploy", "api", ...flags);
    const service = await read("services/api");
    expect(service).toMatchObject({
      labels: { team: "x" },
      template: {
        revision: "api-one",
        scaling: { minInstanceCount: 1, maxInstanceCount: 3 },
        timeout: "360s",
        maxInstanceRequestConcurrency: 10,
        serviceAccount: "a@p1.iam.gserviceaccount.com",
        executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
        vpcAccess: { connector: "connector", egress: "PRIVATE_RANGES_ONLY" },
        volumes: expect.arrayContaining([
          expect.objectContaining({ cloudSqlInstance: { instances: ["p1:us-central1:db"] } }),
          expect.objectContaining({ secret: expect.objectContaining({ secret: "pem" }) }),
        ]),
        containers: [
          {
            image: "r/api:1",
            command: ["uvicorn", "app"],
            args: ["--port", "8080"],
            ports: [{ containerPort: 8080 }],
            env: [
              { name: "A", value: "1" },
              { name: "B", value: "x,y" },
              { name: "C", value: "" },
              { name: "KEY", valueSource: { secretKeyRef: { secret: "key", version: "latest" } } },
            ],
            resources: { limits: { cpu: "1", memory: "512Mi" }, cpuIdle: false, startupCpuBoost: true },
          },
        ],
      },
    });
    const policy = await read("services/api:getIamPolicy");
    expect(policy.bindings).toEqual([{ role: "roles/run.invoker", members: ["allUsers"] }]);
    const names = async () => {
      const { template } = (await read("services/api")) as { template: { containers: { env?: { name: string }[] }[] } };
      return template.containers[0]?.env?.map(({ name }) => name);
    };
    await run("services", "update", "api", "--update-env-vars=D=4", "--remove-env-vars=A", "--min-instances=0");
    expect((await names())?.toSorted()).toEqual(["B", "C", "D", "KEY"]);
    await run("deploy", "api", "--image=r/api:2", "--set-env-vars=E=5", "--clear-secrets", "--clear-vpc-connector");
    expect(await names()).toEqual(["E"]);
    expect((await read("services/api/revisions")).revisions).toHaveLength(3);
  });

  it("moves traffic, and keeps it where a revision never listens", { timeout: PATIENCE_MS }, async () => {
    await using cloud = await startGcloud();
    const { run } = cloud;
    const describe = (format: string) => run("services", "describe", "api", format);
    await run("deploy", "api", "--image=r/api:1", "--revision-suffix=one");
    expect(await describe("--format=value(status.url)")).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await run("deploy", "api", "--image=r/api:2", "--revision-suffix=two", "--no-traffic", "--tag=rc");
    expect(await describe(REVISION)).toBe("api-one");
    await run("services", "update-traffic", "api", "--to-revisions=api-two=10,api-one=90");
    const split = await describe("--format=csv[no-heading](status.traffic.percent)");
    expect(split.split(/[;,\n]/).toSorted()).toEqual(expect.arrayContaining(["10", "90"]));
    await run("services", "update-traffic", "api", "--set-tags=blue=api-one");
    await run("services", "update-traffic", "api", "--to-tags=blue=100");
    expect(await describe(REVISION)).toBe("api-one");
    await run("services", "update-traffic", "api", "--to-latest");
    expect(await describe("--format=value(status.traffic.filter(percent:100).extract(revisionName))")).toContain("two");
    const failed = run("deploy", "api", "--image=r/api:3", "--args=deaf");
    await expect(failed).rejects.toThrow(/not ready and cannot serve traffic.*exit code 7/s);
    expect(await describe("--format=value(status.latestReadyRevisionName)")).toBe("api-two");
    const revisions = await run("revisions", "list", "--service=api", "--format=value(name)", "--limit=5");
    expect(revisions.split("\n")).toHaveLength(3);
    expect(await run("services", "list", "--format=value(metadata.name)")).toBe("api");
    await run("services", "delete", "api");
    await expect(describe("--format=value(status.url)")).rejects.toMatchObject({ code: 1 });
  });

  it("deploys and executes jobs, and fails with them", { timeout: PATIENCE_MS }, async () => {
    await using cloud = await startGcloud();
    const { run } = cloud;
    const flags = [
      "--image=r/job",
      "--set-cloudsql-instances=p1:us-central1:db",
      "--set-env-vars=A=1",
      "--set-secrets=K=key:latest",
      "--command=python",
      "--args=-m,app",
      "--max-retries=0",
      "--task-timeout=600",
      "--memory=1Gi",
      "--cpu=1",
    ];
    await run("jobs", "deploy", "migrate", ...flags);
    await run("jobs", "execute", "migrate", "--wait");
    await run("jobs", "update", "migrate", "--args=fail");
    await expect(run("jobs", "execute", "migrate", "--wait")).rejects.toThrow("The execution failed.");
    const listed = await run("jobs", "executions", "list", "--job=migrate", "--format=value(status.failedCount)");
    expect(listed.split("\n")).toHaveLength(2);
    expect(await run("jobs", "describe", "migrate", "--format=value(status.executionCount)")).toBe("2");
    await expect(run("jobs", "create", "migrate", "--image=r/job")).rejects.toThrow("already exists");
    expect(await run("jobs", "list", "--format=value(metadata.name)")).toBe("migrate");
    await run("jobs", "delete", "migrate");
    await expect(run("jobs", "describe", "migrate")).rejects.toMatchObject({ code: 1 });
  });
});
