import { describe, expect, it } from "vitest";
import { knativeService } from "./knative-json.ts";

const NAME = "projects/p1/locations/us-central1/services/api";
const SERVICE = {
  name: NAME,
  uid: "u-1",
  etag: '"u-1-3"',
  generation: "3",
  observedGeneration: "3",
  createTime: "2026-11-26T00:00:00Z",
  labels: { "mobius-release": "rel-1" },
  annotations: {},
  template: {
    revision: "api-rel1-1",
    labels: { a: "b" },
    scaling: { minInstanceCount: 1, maxInstanceCount: 4 },
    maxInstanceRequestConcurrency: 80,
    timeout: "300s",
    serviceAccount: "runtime@p1.iam.gserviceaccount.com",
    containers: [
      {
        image: "gcr.io/p1/api@sha256:00",
        command: ["node"],
        args: ["server.js"],
        ports: [{ containerPort: 8080 }],
        resources: { limits: { cpu: "1", memory: "256Mi" }, cpuIdle: false },
        env: [
          { name: "PLAIN", value: "x" },
          { name: "KEY", valueSource: { secretKeyRef: { secret: "projects/p1/secrets/key", version: "7" } } },
          { name: "NEWEST", valueSource: { secretKeyRef: { secret: "key" } } },
        ],
      },
    ],
  },
  traffic: [
    { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: "api-rel1-1", percent: 100 },
    { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 0, tag: "next" },
  ],
  trafficStatuses: [
    { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: "api-rel1-1", percent: 100 },
    {
      type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST",
      revision: "api-rel2-1",
      percent: 0,
      tag: "next",
      uri: "http://next",
    },
  ],
  terminalCondition: {
    type: "Ready",
    state: "CONDITION_FAILED",
    message: "It did not start.",
    reason: "REVISION_FAILED",
  },
  conditions: [
    { type: "RoutesReady", state: "CONDITION_SUCCEEDED" },
    { type: "ConfigurationsReady", state: "CONDITION_RECONCILING" },
  ],
  latestCreatedRevision: `${NAME}/revisions/api-rel2-1`,
  latestReadyRevision: `${NAME}/revisions/api-rel1-1`,
  uri: "http://api",
};

describe("knativeService", () => {
  const { metadata, spec, status } = knativeService(SERVICE) as Record<string, Record<string, unknown>>;

  it("names the service, its place and its generation", () => {
    expect(metadata).toMatchObject({
      name: "api",
      namespace: "p1",
      generation: 3,
      resourceVersion: '"u-1-3"',
      labels: { "mobius-release": "rel-1", "cloud.googleapis.com/location": "us-central1" },
    });
  });

  it("says settings in the places where gcloud reads them", () => {
    expect(spec?.template).toEqual({
      metadata: {
        name: "api-rel1-1",
        labels: { a: "b" },
        annotations: {
          "autoscaling.knative.dev/minScale": "1",
          "autoscaling.knative.dev/maxScale": "4",
          "run.googleapis.com/cpu-throttling": "False",
        },
      },
      spec: {
        containerConcurrency: 80,
        timeoutSeconds: 300,
        serviceAccountName: "runtime@p1.iam.gserviceaccount.com",
        containers: [
          {
            image: "gcr.io/p1/api@sha256:00",
            command: ["node"],
            args: ["server.js"],
            ports: [{ containerPort: 8080 }],
            resources: { limits: { cpu: "1", memory: "256Mi" } },
            env: [
              { name: "PLAIN", value: "x" },
              { name: "KEY", valueFrom: { secretKeyRef: { name: "key", key: "7" } } },
              { name: "NEWEST", valueFrom: { secretKeyRef: { name: "key", key: "latest" } } },
            ],
          },
        ],
      },
    });
  });

  it("shows traffic as asked and as served, and whether it is ready", () => {
    expect(spec?.traffic).toEqual([
      { revisionName: "api-rel1-1", percent: 100 },
      { latestRevision: true, tag: "next" },
    ]);
    expect(status).toMatchObject({
      traffic: [
        { revisionName: "api-rel1-1", percent: 100 },
        { revisionName: "api-rel2-1", latestRevision: true, tag: "next", url: "http://next" },
      ],
      conditions: [
        { type: "Ready", status: "False", reason: "REVISION_FAILED", message: "It did not start." },
        { type: "RoutesReady", status: "True" },
        { type: "ConfigurationsReady", status: "Unknown" },
      ],
      latestCreatedRevisionName: "api-rel2-1",
      latestReadyRevisionName: "api-rel1-1",
      url: "http://api",
    });
  });
});
