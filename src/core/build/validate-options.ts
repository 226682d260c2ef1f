import type { BuildConfig } from "./build-config.ts";

const LOGGING_ELSEWHERE: ReadonlySet<string> = new Set(["CLOUD_LOGGING_ONLY", "STACKDRIVER_ONLY", "NONE"]);

/** Complaint about a custom account without a place for its logs. Google's words, from a public issue. */
export function checkOptions({ serviceAccount = "", logsBucket = "", options }: BuildConfig): string | undefined {
  if (serviceAccount === "" || logsBucket !== "") return undefined;
  if (options?.defaultLogsBucketBehavior === "REGIONAL_USER_OWNED_BUCKET") return undefined;
  if (LOGGING_ELSEWHERE.has(options?.logging ?? "")) return undefined;
  return "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use the REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either CLOUD_LOGGING_ONLY / NONE logging options: invalid argument";
}
