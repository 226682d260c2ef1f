/**
 * Google's predefined roles, as far as the embedded cloud has something that they allow. The names and what they hold are
 * Google's (cloud.google.com/iam/docs/roles-permissions), cut to the methods that are there.
 */
const ROLES = {
  "roles/run.viewer": [
    ...["run.services.get", "run.services.list", "run.revisions.get", "run.revisions.list"],
    ...["run.jobs.get", "run.jobs.list", "run.executions.get", "run.executions.list"],
    ...["run.operations.get", "run.operations.list"],
  ],
  "roles/run.developer": [
    ...["run.services.create", "run.services.get", "run.services.list", "run.services.update", "run.services.delete"],
    ...["run.revisions.get", "run.revisions.list", "run.revisions.delete"],
    ...["run.jobs.create", "run.jobs.get", "run.jobs.list", "run.jobs.update", "run.jobs.delete"],
    ...["run.jobs.run", "run.jobs.runWithOverrides"],
    ...["run.executions.get", "run.executions.list", "run.executions.cancel", "run.executions.delete"],
    ...["run.tasks.get", "run.tasks.list", "run.operations.get", "run.operations.list", "run.operations.delete"],
  ],
  "roles/run.admin": ["run.services.getIamPolicy", "run.services.setIamPolicy"],
  "roles/iam.serviceAccountUser": ["iam.serviceAccounts.actAs"],
  "roles/cloudbuild.builds.editor": [
    ...["cloudbuild.builds.create", "cloudbuild.builds.get", "cloudbuild.builds.list", "cloudbuild.builds.update"],
  ],
  "roles/cloudbuild.builds.approver": ["cloudbuild.builds.approve"],
  "roles/secretmanager.viewer": [
    ...["secretmanager.secrets.get", "secretmanager.secrets.list", "secretmanager.secrets.getIamPolicy"],
    ...["secretmanager.versions.get", "secretmanager.versions.list"],
  ],
  "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
  "roles/secretmanager.admin": [
    ...["secretmanager.secrets.create", "secretmanager.secrets.get", "secretmanager.secrets.list"],
    ...["secretmanager.secrets.update", "secretmanager.secrets.delete"],
    ...["secretmanager.secrets.getIamPolicy", "secretmanager.secrets.setIamPolicy"],
    ...["secretmanager.versions.add", "secretmanager.versions.get", "secretmanager.versions.list"],
    ...["secretmanager.versions.access", "secretmanager.versions.enable", "secretmanager.versions.disable"],
    "secretmanager.versions.destroy",
  ],
  "roles/cloudsql.client": ["cloudsql.instances.connect", "cloudsql.instances.get"],
  "roles/artifactregistry.reader": [
    ...["artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.get"],
    ...["artifactregistry.repositories.list", "artifactregistry.dockerimages.list"],
    ...["artifactregistry.packages.list", "artifactregistry.versions.list"],
  ],
  "roles/artifactregistry.writer": [
    ...["artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.uploadArtifacts"],
  ],
  "roles/artifactregistry.admin": ["artifactregistry.repositories.create"],
  "roles/storage.bucketViewer": ["storage.buckets.get", "storage.buckets.list"],
  "roles/storage.objectViewer": ["storage.objects.get", "storage.objects.list"],
  "roles/storage.admin": [
    ...["storage.buckets.create", "storage.buckets.get", "storage.buckets.list"],
    ...["storage.objects.create", "storage.objects.get", "storage.objects.list", "storage.objects.delete"],
  ],
  "roles/logging.logWriter": ["logging.logEntries.create"],
  "roles/logging.viewer": ["logging.logEntries.list"],
  "roles/monitoring.viewer": ["monitoring.timeSeries.list"],
  "roles/serviceusage.serviceUsageViewer": ["serviceusage.services.get"],
  "roles/serviceusage.serviceUsageAdmin": ["serviceusage.services.get", "serviceusage.services.enable"],
  "roles/browser": ["resourcemanager.projects.get"],
} as const;

/** The name of a role, such as `roles/run.developer`. */
export type Role = keyof typeof ROLES;

/** The name of a right, such as `run.services.create`. */
export type Permission = (typeof ROLES)[Role][number];

const ALL: ReadonlySet<string> = new Set(Object.values(ROLES).flat());

/** Whether it is a right that something in the embedded cloud asks for. */
export function isPermission(text: string): text is Permission {
  return ALL.has(text);
}

/** Whether it is a role that can be granted here. */
export function isRole(text: string): text is Role {
  return Object.hasOwn(ROLES, text);
}

/** What a role allows. */
export function permissionsOf(role: Role): readonly Permission[] {
  return ROLES[role];
}

/** Whether who uses the right changes something, which the audit log records. Acting as an account is part of a change. */
export function isWrite(permission: Permission): boolean {
  return !/\.(get|list|getIamPolicy|access|actAs|downloadArtifacts|connect)$/.test(permission);
}
