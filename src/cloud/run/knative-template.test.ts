import { describe, expect, it } from "vitest";
import { type KnativeTemplate, knativeTemplate, readTemplate } from "./knative-template.ts";
import { objectOf, objectsOf } from "./read-json.ts";

const TEMPLATE = {
  labels: { a: "b" },
  annotations: { "example.com/kept": "x" },
  executionEnvironment: "EXECUTION_ENVIRONMENT_GEN1",
  vpcAccess: { connector: "c", egress: "ALL_TRAFFIC" },
  sessionAffinity: true,
  scaling: { minInstanceCount: 0, maxInstanceCount: 2 },
  maxInstanceRequestConcurrency: 1,
  timeout: "30s",
  volumes: [
    { name: "pem", secret: { secret: "projects/p2/secrets/pem", items: [{ version: "2", path: "key" }] } },
    { name: "tmp", emptyDir: { sizeLimit: "1Gi", medium: "MEMORY" } },
    { name: "bucket", gcs: { bucket: "b", readOnly: true, mountOptions: ["uid=1", "gid=2"] } },
    { name: "cloudsql", cloudSqlInstance: { instances: ["p1:l:a", "p1:l:b"] } },
  ],
  containers: [
    {
      image: "r/api",
      name: "api",
      command: ["run"],
      args: ["--all"],
      workingDir: "/app",
      ports: [{ containerPort: 8080, name: "h2c" }],
      livenessProbe: { httpGet: { path: "/health" } },
      resources: { limits: { cpu: "2" }, cpuIdle: true },
      env: [
        { name: "EMPTY", value: "" },
        { name: "OWN", valueSource: { secretKeyRef: { secret: "key", version: "latest" } } },
        { name: "THEIRS", valueSource: { secretKeyRef: { secret: "projects/p2/secrets/key", version: "3" } } },
      ],
      volumeMounts: [
        { name: "pem", mountPath: "/pem" },
        { name: "cloudsql", mountPath: "/cloudsql" },
      ],
    },
  ],
};

const read = (asked: KnativeTemplate) => readTemplate(asked, undefined, "p1");

describe("a template in the older form", () => {
  it("comes back whole", () => {
    expect(read(knativeTemplate(TEMPLATE, "p1"))).toEqual({ ok: true, value: TEMPLATE });
  });

  it("says databases and the secrets of other projects as annotations", () => {
    const { metadata, spec } = knativeTemplate(TEMPLATE, "p1");
    expect(metadata.annotations).toMatchObject({
      "example.com/kept": "x",
      "run.googleapis.com/cloudsql-instances": "p1:l:a,p1:l:b",
      "run.googleapis.com/secrets": "key-1:projects/p2/secrets/key,pem-2:projects/p2/secrets/pem",
    });
    const [container = {}] = objectsOf(spec.containers);
    expect(objectsOf(container.env).map(({ valueFrom }) => objectOf(objectOf(valueFrom).secretKeyRef).name)).toEqual([
      undefined,
      "key",
      "key-1",
    ]);
    expect(container.volumeMounts).toEqual([{ name: "pem", mountPath: "/pem" }]);
    expect(spec.volumes).toHaveLength(3);
  });

  it.each([
    ["a volume of another kind", { volumes: [{ name: "v", hostPath: { path: "/" } }] }, "hostPath"],
    ["another driver", { volumes: [{ name: "v", csi: { driver: "x" } }] }, "csi.driver"],
    ["a setting of pods", { nodeSelector: { gpu: "x" } }, "nodeSelector"],
    ["a time that is none", { timeoutSeconds: "soon" }, "timeoutSeconds"],
    ["two containers", { containers: [{ image: "a" }, { image: "b" }] }, "exactly one container"],
  ])("refuses %s and names it", (_, change, named) => {
    const spec = { containers: [{ image: "r/api" }], ...change };
    expect(read({ metadata: {}, spec })).toEqual({ ok: false, error: expect.stringContaining(named) });
  });
});
