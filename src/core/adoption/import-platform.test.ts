import { describe, expect, it } from "vitest";
import { parsePlatform } from "../platform/parse-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { type Imported, type ImportRequest, importPlatform } from "./import-platform.ts";
import { renderImportReport } from "./import-report.ts";

const RAG = `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  annotations:
    run.googleapis.com/ingress: all
    run.googleapis.com/urls: '["https://mobius-rag-1234.us-central1.run.app","https://mobius-rag-abcdefghij-uc.a.run.app"]'
  generation: 7
  labels:
    cloud.googleapis.com/location: us-central1
  name: mobius-rag
  namespace: '1234'
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/maxScale: '4'
        autoscaling.knative.dev/minScale: '1'
        run.googleapis.com/cloudsql-instances: mobius-staging:us-central1:main
        run.googleapis.com/cpu-throttling: 'false'
        run.googleapis.com/vpc-access-connector: mobius-vpc
      name: mobius-rag-00007-abc
    spec:
      containerConcurrency: 80
      containers:
      - args:
        - --port
        - '8080'
        command:
        - uvicorn
        env:
        - name: CHAT_INTERNAL_LLM_URL
          value: https://mobius-chat-api-abcdefghij-uc.a.run.app/internal/skill-llm
        - name: DATABASE_URL
          value: postgresql://app:hunter2@10.1.2.3/rag
        - name: PRICE
          value: 5$ each
        - name: EMPTY
        - name: JWT_SECRET
          valueFrom:
            secretKeyRef:
              key: latest
              name: jwt-secret
        image: gcr.io/mobius-staging/mobius-rag:v1
        ports:
        - containerPort: 8080
          name: http1
        resources:
          limits:
            cpu: 2000m
            memory: 2Gi
        startupProbe:
          failureThreshold: 6
          httpGet:
            path: /health
            port: 8080
          periodSeconds: 10
      serviceAccountName: mobius-platform-staging@mobius-staging.iam.gserviceaccount.com
      timeoutSeconds: 3600
  traffic:
  - latestRevision: true
    percent: 100
status:
  url: https://mobius-rag-abcdefghij-uc.a.run.app
`;

/** Cloud Run's own shape, as a list. */
const CHAT = (project: string, url: string, redis: string) =>
  JSON.stringify({
    services: [
      {
        name: `projects/${project}/locations/us-central1/services/mobius-chat-api`,
        uid: "u-1",
        uri: url,
        urls: [url],
        template: {
          scaling: { maxInstanceCount: 3 },
          timeout: "300s",
          serviceAccount: `mobius-platform@${project}.iam.gserviceaccount.com`,
          containers: [
            {
              image: `us-central1-docker.pkg.dev/${project}/chat/mobius-chat-api@sha256:${"a".repeat(64)}`,
              env: [
                { name: "RAG_API_URL", value: "https://mobius-rag-abcdefghij-uc.a.run.app/search" },
                { name: "REDIS_URL", value: redis },
                { name: "JWT_SECRET", value: "hunter2" },
              ],
              resources: { limits: { cpu: "1", memory: "512Mi" }, cpuIdle: true },
            },
          ],
        },
      },
    ],
  });
const CHAT_URL = "https://mobius-chat-api-abcdefghij-uc.a.run.app";

const run = (inputs: Readonly<Record<string, string>>, options: Partial<ImportRequest> = {}) =>
  importPlatform({
    inputs: Object.entries(inputs).map(([file, text]) => ({ file, text })),
    said: {},
    name: "umbrella",
    umbrella: [{ name: "mobius-chat", path: "mobius-chat", url: "https://git.example.com/mobius-chat.git" }],
    ...options,
  });

function imported(...args: Parameters<typeof run>): Imported & { readonly platform: Platform } {
  const result = run(...args);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  const parsed = parsePlatform(result.value.text, "mobius.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { ...result.value, platform: parsed.value };
}

const refusals = (...args: Parameters<typeof run>) => {
  const result = run(...args);
  return result.ok ? [] : result.error.map(({ code }) => code);
};

describe("importPlatform", () => {
  it("takes over a service of each shape, wired to the other", () => {
    const { platform, text, report } = imported({
      "rag.yaml": RAG,
      "chat.json": CHAT("mobius-staging", CHAT_URL, "redis://redis.staging.internal:6379"),
    });
    expect(platform.services["mobius-rag"]).toMatchObject({
      image: "mobius-rag",
      run: {
        port: 8080,
        memory: "2Gi",
        cpu: 2,
        minInstances: 1,
        maxInstances: 4,
        concurrency: 80,
        timeoutSeconds: 3600,
      },
      env: {
        CHAT_INTERNAL_LLM_URL: "${services.mobius-chat-api.url}/internal/skill-llm",
        PRICE: "5$$ each",
        EMPTY: "",
      },
      secrets: {
        JWT_SECRET: { secret: "jwt-secret", version: "latest" },
        DATABASE_URL: { secret: "database-url", version: "latest" },
      },
      health: { path: "/health", startupSeconds: 60 },
    });
    expect(platform.services["mobius-rag"]?.run).toMatchObject({
      cpuThrottling: false,
      cloudsqlInstances: ["mobius-staging:us-central1:main"],
      command: ["uvicorn"],
      args: ["--port", "8080"],
    });
    expect(platform.services["mobius-chat-api"]).toMatchObject({
      env: { RAG_API_URL: "${services.mobius-rag.url}/search", REDIS_URL: "redis://redis.staging.internal:6379" },
      // The name jwt-secret is another service's already, and may hold another value.
      secrets: { JWT_SECRET: { secret: "mobius-chat-api-jwt-secret", version: "latest" } },
      run: { cpuThrottling: true, maxInstances: 3 },
    });
    expect(platform.environments.staging).toMatchObject({
      project: "mobius-staging",
      region: "us-central1",
      identities: { runtime: "mobius-platform-staging" },
    });
    expect(platform.images["mobius-chat-api"]).toMatchObject({
      module: "mobius-chat",
      repository: "chat/mobius-chat-api",
    });
    expect(text + JSON.stringify(report)).not.toContain("hunter2");
    const left = report.left.filter(({ kind }) => kind === "setting").map(({ path }) => path);
    expect(left).toContain("spec.template.metadata.annotations.run.googleapis.com/vpc-access-connector");
    expect(left).toContain("metadata.annotations.run.googleapis.com/ingress");
    expect(renderImportReport(report)).toContain("| mobius secret set database-url --env staging");
  });

  it("makes what differs per environment an override, and follows addresses instead", () => {
    const production = "https://mobius-chat-api-zyxwvutsrq-uc.a.run.app";
    const { platform, report } = imported({
      "s.json": CHAT("mobius-staging", CHAT_URL, "redis://a:1").replaceAll(
        "https://mobius-rag-abcdefghij-uc.a.run.app",
        CHAT_URL,
      ),
      "p.json": CHAT("mobius-prod", production, "redis://b:1").replaceAll(
        "https://mobius-rag-abcdefghij-uc.a.run.app",
        production,
      ),
    });
    expect(platform.services["mobius-chat-api"]?.env).toEqual({
      RAG_API_URL: "${services.mobius-chat-api.url}/search",
      REDIS_URL: "${overrides.redis_url}",
    });
    expect(platform.overrides.redis_url).toEqual({ name: "redis_url", type: "url" });
    expect(report.overrides).toEqual([
      { name: "redis_url", type: "url", values: { staging: "redis://a:1", production: "redis://b:1" } },
    ]);
    expect(Object.keys(platform.environments)).toEqual(["staging", "production"]);
  });

  it("says where an environment pointed at another one's service", () => {
    const { report } = imported({
      "s.json": CHAT("mobius-staging", CHAT_URL, "redis://a:1").replaceAll(
        "https://mobius-rag-abcdefghij-uc.a.run.app",
        "https://mobius-chat-api-zyxwvutsrq-uc.a.run.app",
      ),
      "p.json": CHAT("mobius-prod", "https://mobius-chat-api-zyxwvutsrq-uc.a.run.app", "redis://a:1"),
    });
    expect(report.notes.map(({ text }) => text)).toContain(
      "it pointed at mobius-chat-api of production; it now follows the environment",
    );
  });

  it("reads deploy files of modules, for the service and environment that their paths name", () => {
    const { platform, report } = imported({
      "mobius-chat/deploy/dev.env":
        "PROJECT_ID=mobius-os-dev\nREGION=us-central1\nCORS=https://a.example,https://b.example\nDB_PASSWORD='a$b@c,d'\nA=1\nA=2\n",
    });
    expect(platform.services["mobius-chat"]?.env).toEqual({
      PROJECT_ID: "mobius-os-dev",
      REGION: "us-central1",
      CORS: "https://a.example,https://b.example",
      A: "2",
    });
    expect(platform.services["mobius-chat"]?.secrets.DB_PASSWORD?.secret).toBe("db-password");
    expect(platform.environments.dev?.project).toBe("mobius-os-dev");
    expect(report.left).toEqual([
      {
        source: "mobius-chat/deploy/dev.env (mobius-chat)",
        path: "env.A",
        because: "line 6 sets it again",
        value: "1",
        kind: "setting",
      },
    ]);
  });

  it("adds to a file that there is, and changes nothing that stands in it", () => {
    const first = imported({ "rag.yaml": RAG }).text.replace("    env:\n", "    # ours\n    env: # hand-kept\n");
    const changed = RAG.replace("5$ each", "6$ each").replace(
      "- name: EMPTY\n",
      "- name: EMPTY\n        - name: NEW\n          value: 'on'\n",
    );
    const { text, report } = imported({ "rag.yaml": changed }, { existing: first });
    expect(text).toBe(first.replace('      EMPTY: ""\n', '      EMPTY: ""\n      NEW: "on"\n'));
    expect(report.left).toContainEqual({
      source: "rag.yaml (mobius-rag)",
      path: "env.PRICE",
      because: "mobius.yaml says otherwise, and what stands there stays",
      value: "6$$ each",
      kind: "setting",
    });
    expect(imported({ "rag.yaml": changed }, { existing: text }).text).toBe(text);
  });

  it("takes over jobs, several documents, and services that only differ by their image's command", () => {
    const job = `apiVersion: run.googleapis.com/v1
kind: Job
metadata: { name: mobius-chat-migrate, namespace: mobius-staging, labels: { cloud.googleapis.com/location: us-central1 } }
spec: { template: { spec: { taskCount: 1, template: { spec: { maxRetries: 0, timeoutSeconds: '600', containers: [{ image: gcr.io/mobius-staging/mobius-rag, args: [migrate] }] } } } } }
`;
    const worker = RAG.replaceAll("mobius-rag-00007", "w").replace(
      "name: mobius-rag\n",
      "name: mobius-rag-chunking-worker\n",
    );
    const { platform, report } = imported({ "all.yaml": `${RAG}---\n${worker}---\n${job}` });
    expect(Object.values(platform.services).map(({ name, role, image }) => [name, role, image])).toEqual([
      ["mobius-rag", "api", "mobius-rag"],
      ["mobius-rag-chunking-worker", "worker", "mobius-rag"],
      ["mobius-chat-migrate", "job", "mobius-rag"],
    ]);
    expect(report.left.map(({ path }) => path)).toContain("spec.template.spec.template.spec.maxRetries");
  });

  it("finds all problems of all inputs at once", () => {
    expect(
      refusals({
        "deploy/dev.env": "hunter2\n",
        "a.json": '{"kind":"Pod"}',
        "b.yaml": "a: [",
        "chat/x.env": "A=1",
      }),
    ).toEqual([
      "import-line-invalid",
      "import-service-unclear",
      "import-input-unknown",
      "yaml-invalid",
      "import-environment-unclear",
    ]);
    expect(refusals({ "a.yaml": RAG, "b.yaml": RAG })).toEqual(["import-twice"]);
  });
});
