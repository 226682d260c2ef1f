/**
 * The fields of a trigger as data, by which the API reads it. Source: Google's proto
 * `google.devtools.cloudbuild.v1.BuildTrigger` and the discovery document for what only REST has. `output` fields are
 * the server's own: accepted and left out.
 */
import { BUILD, FIELD } from "../build/build-schema.ts";

const { string, boolean, map, output, integer, list, message, choice } = FIELD;

const REPO_TYPE = choice("GitFileSource_RepoType", {
  UNKNOWN: 0,
  CLOUD_SOURCE_REPOSITORIES: 1,
  GITHUB: 2,
  BITBUCKET_SERVER: 3,
  GITLAB: 4,
});

/** Which of a repository's events are meant: either pushes or pull requests. */
const EVENTS = {
  push: message("PushFilter", { branch: string, tag: string, invertRegex: boolean }),
  pullRequest: message("PullRequestFilter", {
    branch: string,
    commentControl: choice("PullRequestFilter_CommentControl", {
      COMMENTS_DISABLED: 0,
      COMMENTS_ENABLED: 1,
      COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY: 2,
    }),
    invertRegex: boolean,
  }),
};

const FILE_HOSTS = { githubEnterpriseConfig: string, bitbucketServerConfig: string };

/** Which revision of a repository. */
export const REPO_SOURCE = message("RepoSource", {
  projectId: string,
  repoName: string,
  branchName: string,
  tagName: string,
  commitSha: string,
  dir: string,
  invertRegex: boolean,
  substitutions: map,
});

/** A trigger: the body of a create call. */
export const TRIGGER = message("BuildTrigger", {
  resourceName: output,
  id: output,
  createTime: output,
  name: string,
  description: string,
  tags: list(string),
  disabled: boolean,
  substitutions: map,
  ignoredFiles: list(string),
  includedFiles: list(string),
  filter: string,
  serviceAccount: string,
  eventType: choice("EventType", { EVENT_TYPE_UNSPECIFIED: 0, REPO: 1, WEBHOOK: 2, PUBSUB: 3, MANUAL: 4 }),
  includeBuildLogs: choice("IncludeBuildLogs", {
    INCLUDE_BUILD_LOGS_UNSPECIFIED: 0,
    INCLUDE_BUILD_LOGS_WITH_STATUS: 1,
  }),
  approvalConfig: message("ApprovalConfig", { approvalRequired: boolean }),
  sourceToBuild: message("GitRepoSource", {
    uri: string,
    repository: string,
    ref: string,
    repoType: REPO_TYPE,
    ...FILE_HOSTS,
  }),
  triggerTemplate: REPO_SOURCE,
  github: message("GitHubEventsConfig", {
    installationId: integer(64),
    owner: string,
    name: string,
    enterpriseConfigResourceName: string,
    ...EVENTS,
  }),
  pubsubConfig: message("PubsubConfig", {
    subscription: output,
    topic: string,
    serviceAccountEmail: string,
    state: output,
  }),
  webhookConfig: message("WebhookConfig", { secret: string, state: output }),
  repositoryEventConfig: message("RepositoryEventConfig", { repository: string, repositoryType: output, ...EVENTS }),
  bitbucketServerTriggerConfig: message("BitbucketServerTriggerConfig", {
    repoSlug: string,
    projectKey: string,
    bitbucketServerConfigResource: string,
    bitbucketServerConfig: output,
    ...EVENTS,
  }),
  gitlabEnterpriseEventsConfig: message("GitLabEventsConfig", {
    projectNamespace: string,
    gitlabConfigResource: string,
    gitlabConfig: output,
    ...EVENTS,
  }),
  developerConnectEventConfig: message("DeveloperConnectEventConfig", {
    gitRepositoryLink: string,
    gitRepositoryLinkType: output,
    ...EVENTS,
  }),
  autodetect: boolean,
  build: BUILD,
  filename: string,
  gitFileSource: message("GitFileSource", {
    path: string,
    uri: string,
    repository: string,
    repoType: REPO_TYPE,
    revision: string,
    ...FILE_HOSTS,
  }),
});
