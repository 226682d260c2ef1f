import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as cli from "../src/cli/problems.ts";
import * as adoption from "../src/core/adoption/problems.ts";
import * as manifest from "../src/core/manifest/problems.ts";
import * as migrations from "../src/core/migrations/baseline-problems.ts";
import * as plan from "../src/core/plan/problems.ts";
import * as platform from "../src/core/platform/problems.ts";
import { digestOf } from "../src/core/values/digest.ts";
import { type Problem, renderProblem } from "../src/core/values/problem.ts";
import * as yaml from "../src/core/yaml/problems.ts";
import * as metrics from "../src/engine/metrics/problems.ts";
import * as notifications from "../src/engine/notifications/problems.ts";
import * as records from "../src/engine/records/problems.ts";
import * as decisions from "../src/engine/releases/decision-problems.ts";
import * as migrating from "../src/engine/releases/migration-problems.ts";
import * as releases from "../src/engine/releases/problems.ts";
import * as promotion from "../src/engine/releases/promotion-problems.ts";
import * as rollback from "../src/engine/releases/rollback-problems.ts";
import * as main from "../src/main/problems.ts";
import * as server from "../src/server/problems.ts";

const inManifest = (excerpt: string) => ({ file: "release-manifests/m.yaml", line: 9, column: 5, excerpt });
const inPlatform = (excerpt: string) => ({ file: "mobius.yaml", line: 40, column: 7, excerpt });
const staging = { name: "staging", project: "mobius-staging" };
const reviewed = digestOf("reviewed");

const check = { check: "services.api.checks[0]", on: "candidate", evidence: "status 503 instead of 200" } as const;

/** One problem of every kind that these constructors make. Whole texts are reviewed in the file beside. */
const PROBLEMS: readonly Problem[] = [
  yaml.yamlInvalid(inManifest("commits"), "Map keys must be unique"),
  yaml.yamlFeatureRefused(inManifest("commits"), "an anchor"),
  yaml.fileTooLarge("release-manifests/m.yaml"),
  yaml.keyUnknown(inManifest("comits"), "comits", "commits", ["commits", "images"]),
  yaml.keyUnknown(inManifest("x"), "x", undefined, ["commits", "images"]),
  yaml.keyMissing(inPlatform("environments.staging"), "project"),
  yaml.valueInvalid(inPlatform("services.api.run.port"), "it must be a whole number"),
  adoption.importLineInvalid({ file: "chat/deploy/dev.env", line: 3, column: 1 }, "The quotes of A are not closed."),
  adoption.importInputUnknown({ file: "x.json", line: 1, column: 1 }, "It has no kind."),
  adoption.importServiceUnclear("dev.env"),
  adoption.importEnvironmentUnclear("rag.yaml (mobius-rag)", ["name", "project"]),
  adoption.importTwice("mobius-rag", "staging", ["a.yaml (mobius-rag)", "b.yaml (mobius-rag)"]),
  platform.referenceUnknown(inPlatform("services.api.image"), "image", "apo", "api"),
  platform.referenceUnknown(inPlatform("services.api.image"), "image", "zzz", undefined),
  platform.expressionInvalid(inPlatform("services.api.env.URL"), "There is no kind of value named service."),
  platform.imageCycle(inPlatform("images.a"), "a"),
  platform.environmentsOverlap(inPlatform("environments.production.project"), "project", "mobius-staging", [
    "staging",
    "production",
  ]),
  platform.credentialInPlainText(inPlatform("services.api.env.DATABASE_URL"), "DATABASE_URL"),
  platform.addressWrittenOut(inPlatform("services.api.env.RAG_URL"), "RAG_URL"),
  platform.queueDiffers(inPlatform("services.worker.env.REDIS_URL"), "REDIS_URL", { worker: "worker", api: "api" }),
  platform.canaryUnfit(inPlatform("environments.production.policies.canary.services.0"), "worker", "worker"),
  platform.workerThrottled(inPlatform("services.worker"), "worker"),
  migrations.baselineModuleUnclear("chat", ["mobius-chat", "mobius-rag"]),
  migrations.baselineModuleUnclear("chat", []),
  migrations.baselineSourceMissing("mobius_chat", "schema_migrations", "The table is empty."),
  migrations.baselineMigrationMissing("002.sql", { module: "mobius-chat", commit: "0123456789abcdef" }),
  migrations.baselineChecksumDiffers("db/001.sql", {
    table: "schema_migrations",
    theirs: "sha256:0",
    ours: "sha256:1",
  }),
  migrations.baselineWithoutOrder("mobius-rag", "python"),
  migrations.revisionRepeated("a1b2", ["backend/versions/1.py", "backend/versions/2.py"]),
  manifest.manifestEnvironmentOther("release-manifests/m-staging.yaml", "staging", "production"),
  manifest.placeholderLeft(inManifest("commits.mobius-chat"), "<sha-or-tag>"),
  manifest.nameUnknown(inManifest("commits.mobius-chta"), "module", "mobius-chta", "mobius-chat"),
  manifest.nameUnknown(inManifest("commits.zzz"), "module", "zzz", undefined),
  manifest.identifierForeign(inManifest("images.api"), "gcr.io/mobiusos-new/api", "production", "staging"),
  manifest.environmentUnclear(inManifest("release_id"), "Neither its id nor its images speak of one.", [
    "dev",
    "staging",
  ]),
  manifest.refInvalid(inManifest("commits.mobius-chat"), "--upload-pack=x"),
  manifest.imageReferenceInvalid(inManifest("images.api"), "api"),
  manifest.imageDigestsDiffer(inManifest("images.b"), "a", "b"),
  manifest.imageLatest(inManifest("images.api"), "api"),
  manifest.migrationsUndeclared(inManifest("migrations.mobius-auth"), "mobius-auth"),
  manifest.migrationInvalid(inManifest("migrations.mobius-chat"), "../x.sql", "A name is a path beneath the module."),
  manifest.migrationRepeated(inManifest("migrations.mobius-chat.1"), "db/001.sql"),
  manifest.overrideInvalid(inManifest("env_overrides.redis_url"), "redis_url", "url"),
  manifest.moduleInUmbrella(inManifest("commits.module-hub"), "module-hub"),
  manifest.promotionSourceOther("release-manifests/m.yaml", "dev", "staging"),
  manifest.promotionUnpinned(inManifest("commits.mobius-chat"), "commit", "mobius-chat"),
  manifest.promotionUnpinned(inManifest("images.api"), "image", "api"),
  manifest.promotionManifestChanged(inManifest("images.api"), "api", reviewed),
  manifest.overrideUnmapped(
    inManifest("env_overrides.redis_url"),
    { name: "redis_url", value: "redis://redis.staging.internal:6379/0" },
    { source: "staging", target: "production" },
  ),
  manifest.overrideUnknown("redis_ulr", "redis_url"),
  manifest.overrideUnknown("zzz", undefined),
  manifest.identifierInRemark(inManifest("notes.0"), "mobius-staging", "staging"),
  manifest.imageEnvironmentBaked("api", "staging", [{ place: "/app/server.js:12", identifier: "mobius-staging" }]),
  manifest.imageEnvironmentBaked("api", "staging", [
    { place: "env BUCKET", identifier: "mobius-rag-uploads-staging" },
    { place: "label from", identifier: "mobius-staging" },
  ]),
  manifest.imageNotSearched("api", "120 s"),
  plan.valueForeign({
    place: "services.worker.env.INDEX",
    identifier: "projects/638120947551/locations/us-central1/indexes/1",
    owner: "production",
    environment: "staging",
  }),
  plan.imageNotFromCommit("api", "mobius-chat", inManifest("images.api")),
  plan.imageMissing("api", "gcr.io/mobius-staging/api@sha256:0000", inManifest("images.api")),
  plan.imageNotPinned("api", "production", "staging", inManifest("images.api")),
  plan.imageBuildUnsupported("api"),
  plan.sourceFileMissing("api", "server.js", "mobius-chat"),
  plan.secretMissing("jwt-secret", "api", "JWT_SECRET", staging),
  plan.overrideMissing("redis_url", "api", "REDIS_URL"),
  plan.variableUndeclared("api", "SET_BY_HAND"),
  plan.migrationMissing("db/001.sql", "mobius-chat", inManifest("migrations.mobius-chat")),
  plan.appliedMigrationChanged("db/001.sql", "mobius_chat", inManifest("migrations.mobius-chat")),
  plan.migrationUnsettled("staging", "db/001.sql", "mobius_chat"),
  plan.connectionsExceeded("staging", {
    database: "mobius_chat",
    needed: 28,
    limit: 25,
    parts: ["api 2 × 5 + 2 × 5 of the revision before", "worker 1 × 5", "reserve 3"],
  }),
  plan.connectionsNear("staging", { needed: 83, limit: 100, parts: ["api 8 × 10", "reserve 3"] }),
  plan.commitNotPushed("mobius-chat", "0123abcd", "./.remotes/mobius-chat.git", inManifest("commits.mobius-chat")),
  plan.commitAmbiguous("mobius-chat", "0123", inManifest("commits.mobius-chat")),
  plan.repositoryUnreachable("mobius-chat", "https://git.example.com/x.git", "could not resolve host"),
  records.subjectUnknown("3f2a9c11", ["mobius-chat", "mobius-rag"], ["mobius-rag"]),
  records.subjectUnknown("sha256:0123456789ab", [], []),
  records.subjectAmbiguous("3f2a", ["mobius-chat"]),
  records.sideUnknown("stagin", ["staging", "production"]),
  records.sideNotReleased("REL-7", "rolled-back"),
  releases.buildWithoutRelease("b-1"),
  releases.releaseUnknown("REL-99"),
  releases.releaseEnded("REL-1"),
  releases.phaseUnknown("deploy", ["checkout", "build"]),
  releases.reportRefused("api"),
  releases.checkFailed({ ...check, verdict: "failed", tries: 3 }),
  releases.checkFailed({ ...check, verdict: "inconclusive", tries: 1 }),
  releases.canaryNotPassed({
    ...{ number: 1, percent: 10, verdict: "failed" },
    evidence: "api: 52 requests, 12 % failed where 1 % may",
  }),
  releases.canaryNotPassed({
    ...{ number: 2, percent: 50, verdict: "inconclusive" },
    evidence: "api: 3 requests where 50 are needed",
  }),
  releases.candidateNotMade("api", "mobius-chat"),
  releases.servingOther("api", "api-rel2-1", "api-00007-abc"),
  releases.releaseCancelled("wrong manifest"),
  releases.phaseUnavailable("back-up", "connect ECONNREFUSED"),
  releases.planStale(
    { digest: reviewed, manifest: { file: "release-manifests/m.yaml", releaseId: "m", digest: reviewed } },
    [
      releases.movedSentence({ kind: "serving-revision", service: "api", revision: "api-rel1-1" }, "api-rel2-1"),
      releases.movedSentence({ kind: "ledger", database: "mobius_chat", applied: 3 }, "4"),
      releases.movedSentence({ kind: "job", job: "migrate", digest: "none" }, reviewed),
    ],
  ),
  releases.planUnknown(digestOf("a"), digestOf("b")),
  releases.manifestNotFound("release-manifests/m.yaml", "0123456789abcdef"),
  releases.manifestNotPushed("release-manifests/m.yaml", "0123456789abcdef"),
  releases.environmentUnknown("qa", ["dev", "staging"]),
  releases.environmentMismatch("production", "staging", "release-manifests/m.yaml"),
  releases.imageNotBuilt("api", "mobius-chat", "gcr.io/mobius-staging/api"),
  migrating.migrationFileMoved("db/001.sql"),
  migrating.migrationProgramMissing("a1b2", "alembic", "alembic"),
  migrating.alembicFolderMissing("a1b2", "backend/versions/a1b2.py"),
  releases.environmentBusy("staging", "REL-7"),
  releases.environmentBusy("staging", "migrations resolve by ada 0123"),
  releases.writeBackFailed("REL-1", "main", "could not resolve host"),
  releases.umbrellaUnreadable("https://git.example.com/umbrella.git"),
  decisions.approvalByProposer("REL-9", "ada"),
  decisions.approvalNotAllowed("REL-9", "alan", [], ["approver"]),
  decisions.approvalNotAllowed("REL-9", "alan", ["developer"], ["approver", "lead"]),
  decisions.approvalNotNeeded("REL-9", "staging"),
  decisions.releaseNotWaiting("REL-9"),
  decisions.freezeUnknown("for REL-9"),
  decisions.endPassed('freeze "launch"'),
  decisions.driftNotReverted("staging", ["job nightly: as REL-7 declared it: 403 Forbidden"]),
  decisions.holdNotSet("staging"),
  rollback.rollbackImpossible("production"),
  rollback.rollbackTargetUnknown("REL-3", "production"),
  rollback.revisionGone("api", "api-rel1-1", "REL-1"),
  notifications.channelUnknown("sms", ["slack", "email"]),
  notifications.channelUnknown("slack", []),
  notifications.notificationNotDelivered("slack", "hooks.slack.com answered 404"),
  notifications.messageUnknown("REL-9/9@slack"),
  notifications.subscriptionInvalid("The address is no https URL."),
  notifications.subscriptionUnknown("push/0a1b2c3d4e5f"),
  cli.serverUnreachable("http://127.0.0.1:7070", "connect ECONNREFUSED 127.0.0.1:7070"),
  cli.fileNotFound("m.yaml"),
  cli.outcomeUnsaid("staging", "db/054.sql"),
  cli.baselineUnsaid("staging"),
  cli.releaseUnclear("These have not ended: REL-4, REL-3."),
  cli.triggerUnknown("staging"),
  cli.triggerInvalid("-x", 'invalid trigger name "-x": 1 to 64 letters, digits and -, no - at its ends'),
  cli.pathOutside("../m.yaml", "/home/ada/umbrella"),
  cli.umbrellaNotFound("/home/ada"),
  cli.manifestNotCommitted("release-manifests/m.yaml"),
  cli.manifestNotPushed("release-manifests/m.yaml"),
  cli.fileExists("release-manifests/m.yaml"),
  cli.phaseAnswerLost(),
  cli.refOfNoModule("mobius-chta", "mobius-chat"),
  cli.moduleWithoutScript("mobius-rga", "mobius-rag"),
  cli.moduleWithoutScript("mobius-rag", "mobius-rag"),
  main.scriptFailed("mobius-rag", "it ended with 3"),
  releases.scriptNotAllowed("mobius-rag", "production"),
  releases.scriptCandidateDiffers({
    service: "mobius-rag",
    module: "mobius-rag",
    revision: "mobius-rag-00007-abc",
    differing: ["env GCS_BUCKET: absent, and declared is meant"],
  }),
  cli.scriptNotThere("mobius-rag", "scripts/deploy.sh", "a".repeat(40)),
  promotion.promotionWithoutSource("staging"),
  promotion.promotionSourceUnknown(undefined, "staging"),
  promotion.promotionSourceUnknown("REL-9", "staging"),
  promotion.promotionUnproven("REL-9", "staging"),
  promotion.promotionNotWritten("release-manifests/2026-11-27-prod.yaml", "could not resolve host"),
  promotion.imageNotCopied("gcr.io/mobius-staging/api@sha256:0000", "It is not there any more."),
  cli.promotionUnclear("production"),
  cli.overrideUnreadable("redis_url"),
  cli.freezeWithoutEnd("production"),
  cli.personUnknown("grace", "/home/ada/.local/state/mobius/people"),
  cli.cloudRefused(400, 'key in the template "_WNT" is not matched in the substitution data'),
  cli.auditBroken(7, "row 7 was changed after it was written"),
  cli.secretEmpty("jwt-secret", "staging"),
  cli.secretTooLarge("jwt-secret", 65_536),
  server.notAuthenticated(),
  server.notAllowed("A step", "person"),
  server.requestInvalid(["manifest: it must be a path beneath the umbrella"]),
  server.serverStarting(),
  server.phaseFault("rehearse", "req-1"),
  server.routeUnknown("DELETE", "/api/v1/releases"),
  server.resourceUnknown("build", "b-1"),
  server.permissionUnknown("run.service.create"),
  server.roleUnknown("roles/owner"),
  server.resourceOutside("projects/mobiusos-new", "staging", "mobius-staging"),
  server.bodyTooLarge(4_194_304),
  server.hostRefused(),
  main.installationInUse("/home/ada/.local/state/mobius"),
  main.executorMissing("docker", "/var/run/docker.sock"),
  main.executorMissing("oci", "/var/run/docker.sock"),
  metrics.serviceUnknown("apo", ["api", "web"]),
  metrics.metricsUnreadable("staging", "14 UNAVAILABLE: it did not answer"),
  main.portTaken(7070, undefined),
  main.portTaken(7070, "process 4711 (nginx)"),
  main.checkoutFailed("./.remotes/mobius-chat.git", "0123456789abcdef", "git fetch: not our ref"),
];

describe("problems that people read", () => {
  it("say what, where, why and what to do, as reviewed", async () => {
    const texts = PROBLEMS.map(renderProblem).join("\n\n");
    await expect(`${texts}\n`).toMatchFileSnapshot(join(import.meta.dirname, "fixtures", "problem-texts.txt"));
  });

  it("name something that the reader can do now", () => {
    for (const problem of PROBLEMS) {
      expect(problem.fix, problem.code).toMatch(/^[A-Z].*[^ ]$/);
      expect(problem.why.length, problem.code).toBeGreaterThan(0);
      expect(problem.summary, problem.code).toMatch(/\.$/);
    }
  });
});
