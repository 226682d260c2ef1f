/** APIs of Google's that the server answers. */
const APIS = [
  "CLOUDBUILD",
  "SECRETMANAGER",
  "STORAGE",
  "SERVICEUSAGE",
  "LOGGING",
  "MONITORING",
  "ARTIFACTREGISTRY",
  "CLOUDRESOURCEMANAGER",
];
/** gcloud puts the region before this name, so it cannot be an address; the server answers to it as gcloud's proxy. */
const RUN = "http://run.mobius.internal/";

/**
 * Variables that point `gcloud` at one environment of the embedded cloud: its endpoints, project and region, a
 * configuration of its own, and the file `token` of the folder.
 */
export function gcloudVariables(place: {
  /** The server's address without a slash at its end. */
  readonly server: string;
  readonly folder: string;
  readonly project: string;
  readonly region: string;
}): Readonly<Record<string, string>> {
  const { folder, project, region } = place;
  const url = `${place.server}/`;
  const { hostname, port } = new URL(url);
  return {
    CLOUDSDK_CONFIG: `${folder}/gcloud`,
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: `${folder}/token`,
    CLOUDSDK_CORE_PROJECT: project,
    CLOUDSDK_RUN_REGION: region,
    CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "1",
    CLOUDSDK_PROXY_TYPE: "http",
    CLOUDSDK_PROXY_ADDRESS: hostname,
    CLOUDSDK_PROXY_PORT: port,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: RUN,
    ...Object.fromEntries(APIS.map((api) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`, url])),
  };
}
