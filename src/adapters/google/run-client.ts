import type { protos } from "@google-cloud/run";
import { type ClientOptions, clientOptions, type Endpoint } from "./client-options.ts";

type GoogleService = protos.google.cloud.run.v2.IService;
type GoogleRevision = protos.google.cloud.run.v2.IRevision;
type GoogleJob = protos.google.cloud.run.v2.IJob;

/** Numbers of google.rpc.Code that the caller can act on; everything else is thrown. */
export const CODE = {
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  failedPrecondition: 9,
  aborted: 10,
} as const;

/** The calls that are made, by short names. What is not there is undefined. */
export interface RunClient {
  getService(service: string): Promise<GoogleService | undefined>;
  listServices(): Promise<readonly GoogleService[]>;
  /** Accepted once it resolves; what becomes of it is read from the service. */
  createService(service: string, wanted: GoogleService): Promise<void>;
  updateService(service: string, wanted: GoogleService, mask: readonly string[]): Promise<void>;
  deleteService(service: string): Promise<void>;
  getRevision(service: string, revision: string): Promise<GoogleRevision | undefined>;
  getJob(job: string): Promise<GoogleJob | undefined>;
  /** Makes it where it is missing. */
  updateJob(job: string, wanted: GoogleJob): Promise<void>;
}

/** Google's own clients of Cloud Run v2 in REST mode, loaded with the first call. */
export function createRunClient(endpoint: Endpoint, parent: string): RunClient {
  let connecting: ReturnType<typeof connect> | undefined;
  const clients = () => {
    connecting ??= connect(endpoint);
    return connecting;
  };
  const serviceName = (service: string) => `${parent}/services/${service}`;
  return {
    getService: async (service) => found((await clients()).services.getService({ name: serviceName(service) })),
    async listServices() {
      const [services] = await (await clients()).services.listServices({ parent });
      return services;
    },
    async createService(service, wanted) {
      await (await clients()).services.createService({ parent, serviceId: service, service: wanted });
    },
    async updateService(service, wanted, mask) {
      const named = { ...wanted, name: serviceName(service) };
      await (await clients()).services.updateService({ service: named, updateMask: { paths: [...mask] } });
    },
    async deleteService(service) {
      await (await clients()).services.deleteService({ name: serviceName(service) });
    },
    getRevision: async (service, revision) =>
      found((await clients()).revisions.getRevision({ name: `${serviceName(service)}/revisions/${revision}` })),
    getJob: async (job) => found((await clients()).jobs.getJob({ name: `${parent}/jobs/${job}` })),
    async updateJob(job, wanted) {
      await (await clients()).jobs.updateJob({ job: { ...wanted, name: `${parent}/jobs/${job}` }, allowMissing: true });
    },
  };
}

/** The google.rpc.Code of a client's error. */
export function codeOf(error: unknown): number | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : undefined;
}

async function connect(endpoint: Endpoint) {
  const { JobsClient, RevisionsClient, ServicesClient } = await import("@google-cloud/run");
  const options: ClientOptions = await clientOptions(endpoint);
  // The clients' own option types name optional members without `undefined`, as ours do; the shapes are the same.
  const own = options as ConstructorParameters<typeof ServicesClient>[0];
  return { services: new ServicesClient(own), revisions: new RevisionsClient(own), jobs: new JobsClient(own) };
}

async function found<T>(call: Promise<readonly [T, ...unknown[]]>): Promise<T | undefined> {
  try {
    return (await call)[0];
  } catch (error) {
    if (codeOf(error) === CODE.notFound) return undefined;
    throw error;
  }
}
