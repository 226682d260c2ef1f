import type { Trigger } from "../../core/trigger/trigger.ts";
import { toIso } from "../../core/values/time.ts";

/** A trigger as the API shows it. */
export function triggerJson({ id, project, location, createdAt, settings }: Trigger): Record<string, unknown> {
  const { webhookConfig } = settings;
  return {
    ...settings,
    ...(webhookConfig === undefined ? {} : { webhookConfig: { state: "OK", ...webhookConfig } }),
    resourceName: `projects/${project}/locations/${location}/triggers/${id}`,
    id,
    createTime: toIso(createdAt),
  };
}
