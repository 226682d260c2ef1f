/**
 * What people are told of a release or build. `release-notice.ts` and `build-notice.ts` say when and what, `render-notice.ts`
 * how Slack and e-mail show it, `channels.ts` who hears it. All pure. A notice has no excerpt of a log: logs leak.
 */
import type { NotifiedMoment } from "../platform/platform.ts";
import type { NonEmpty } from "../values/problem.ts";

export interface Notice {
  /** A channel that listens to any of them hears it. */
  readonly moments: NonEmpty<NotifiedMoment>;
  readonly environment: string;
  /** What happened, in one sentence: `REL-7 failed in production.` */
  readonly headline: string;
  /** Where, what and who, as pairs of word and value. */
  readonly facts: readonly (readonly [word: string, value: string])[];
  /** What a person has to do, where one has to. */
  readonly needed?: string;
  /** The page with everything else. */
  readonly link?: string;
}
