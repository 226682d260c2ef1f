/** What our API takes, as schemas: each route of the contract names its own. */
import { z } from "zod";

const umbrellaPath = z
  .string()
  .min(1)
  .max(1_024)
  .refine((value) => !/(^|\/)\.\.(\/|$)|^[/~-]|\\|\p{Cc}/u.test(value), "it must be a path beneath the umbrella");
const commit = z.string().regex(/^[0-9a-f]{40}$/, "it must be a full commit id");

/** What a plan is asked for with. */
export const planBody = z.strictObject({
  manifest: umbrellaPath,
  /** Texts of a working folder: for a look, never for a release. */
  manifestText: z.string().max(1_048_576).optional(),
  platformText: z.string().max(1_048_576).optional(),
  commit: commit.optional(),
  environment: z.string().max(100).optional(),
  drop: z.array(z.string().max(200)).max(100).default([]),
});

/** What a release is asked for with. */
export const releaseBody = z.strictObject({
  manifest: umbrellaPath,
  commit: commit.optional(),
  environment: z.string().max(100).optional(),
  plan: z.string().max(100).optional(),
  drop: z.array(z.string().max(200)).max(100).default([]),
  /** Made by the client: a request that is sent again makes no second release. */
  requestId: z.string().min(8).max(100),
});

/** Nothing has to be said besides the path. */
export const emptyBody = z.strictObject({});

const reason = z.string().min(1).max(500);
const personName = z.string().regex(/^[a-z][a-z0-9._-]{0,62}$/, "it must be a name in small letters");
/** RFC 3339 with its offset. */
const moment = z.iso.datetime({ offset: true });

/** Why a release is to end, or why a decision is taken: people read it in its record. */
export const cancelBody = z.strictObject({ reason });

/** Agreement to a plan: the digest that the person looked at, or a prefix of it. */
export const approveBody = z.strictObject({
  plan: z.string().max(100).optional(),
  comment: z.string().max(2_000).default(""),
});

/** Why an environment is held, and until when; without an end until somebody resumes. */
export const holdBody = z.strictObject({ reason, until: moment.optional() });
/** A freeze that a person sets. */
export const freezeBody = z.strictObject({ name: z.string().min(1).max(100), reason, until: moment });
/** Which freeze is lifted, and why. */
export const liftBody = z.strictObject({ name: z.string().min(1).max(100), reason });

/** What a rollback is asked for with. */
export const rollbackBody = z.strictObject({
  to: z
    .string()
    .regex(/^REL-[1-9]\d{0,9}$/, "it must be a release's id")
    .optional(),
  plan: z.string().max(100).optional(),
  requestId: z.string().min(8).max(100),
});
/** Which set a rollback would be to. */
export const rollbackPlanBody = rollbackBody.pick({ to: true });

/** A difference that nobody has to mind for a while. */
export const ignoreDriftBody = z.strictObject({ drift: z.string().min(3).max(500), reason, until: moment });

/** Whether what policies let go is removed, or only said. */
export const pruneBody = z.strictObject({ dryRun: z.boolean().default(false) });

/** Why drift is reverted. */
export const revertDriftBody = z.strictObject({ reason: z.string().max(500).default("") });

/** What a promotion is thought through with. */
export const promotionPlanBody = z.strictObject({
  /** Its id, its manifest's `release_id` or file; without one, what was proved last. */
  release: z.string().min(1).max(1_024).optional(),
  overrides: z.record(z.string().max(100), z.string().max(4_096)).default({}),
});
/** What a promotion is asked for with. */
export const promotionBody = promotionPlanBody.extend({
  plan: z.string().max(100).optional(),
  requestId: z.string().min(8).max(100),
});

/** A person and the roles to have. */
export const personBody = z.strictObject({
  name: personName,
  roles: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "it must be a role's name"))
    .min(1)
    .max(20),
});

const report = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({
    kind: z.literal("image-built"),
    image: z.string().max(200),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    reference: z.string().max(1_000),
  }),
  z.strictObject({
    kind: z.literal("failed"),
    phase: z.string().max(100),
    subject: z.string().max(200).optional(),
    problem: z.strictObject({
      code: z.string().max(100),
      severity: z.enum(["error", "warning"]),
      summary: z.string().max(2_000),
      where: z
        .strictObject({ file: z.string(), line: z.number(), column: z.number(), excerpt: z.string().optional() })
        .optional(),
      why: z.array(z.string().max(10_000)).max(50),
      fix: z.string().max(2_000),
    }),
  }),
]);

/** What a step asks for, or reports. */
export const phaseBody = z.strictObject({
  phase: z.string().max(100),
  subject: z.string().max(1_000).optional(),
  report: report.optional(),
});

/** Which channel is tried out, and with which environment's secret. */
export const notificationTestBody = z.strictObject({
  channel: z.string().max(100),
  environment: z.string().max(100).optional(),
});

/** Which message is sent again; all that were given up where none is named. */
export const sendAgainBody = z.strictObject({ message: z.string().max(500).optional() });

/** Where an environment's builds are told of. */
export const subscribeBody = z.strictObject({ environment: z.string().max(100), url: z.string().max(2_000) });

/** Which subscription ends. */
export const unsubscribeBody = z.strictObject({ subscription: z.string().max(100) });

/** Whose builds a token is to tell of. */
export const pushTokenBody = z.strictObject({ environment: z.string().max(100) });

/** A role for one of an environment's identities, or its end. */
export const grantBody = z.strictObject({
  change: z.enum(["grant", "revoke"]),
  role: z.string().max(100),
  /** `projects/P/…`; the whole project unless given. */
  resource: z
    .string()
    .max(300)
    .regex(/^projects\/[\w.:-]+(\/[\w.@:~-]+)*$/, "it must be a resource such as projects/P/secrets/S")
    .optional(),
});
