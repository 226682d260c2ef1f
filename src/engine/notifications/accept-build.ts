import { buildNotice, isBuildStatus, type NotifiedBuild, statusRank } from "../../core/notification/build-notice.ts";
import type { Environment } from "../../core/platform/platform.ts";
import type { PushedBuild } from "../../ports/push-tokens.ts";
import { BUILD_STREAMS } from "../builds/build-stream.ts";
import { messagesOf } from "./compose-messages.ts";
import type { NotificationPorts } from "./notification-ports.ts";

const COLLECTION = "pushed-builds";
const MAX_PUT_TRIES = 5;

/** What was done with a message about a build. All but `later` are for the sender to forget. */
export type Accepted =
  | { readonly verdict: "told" | "ignored"; readonly reason: string }
  /** The platform file has problems now: the sender is to come again. */
  | { readonly verdict: "later"; readonly reason: string };

/**
 * Takes what Google's engine pushes of its builds, one message at a time, so that people are told of them as of our own.
 * Messages come more than once and in any order: a status that is not later than the latest known says nothing new.
 */
export class BuildIntake {
  readonly #ports: NotificationPorts;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ports: NotificationPorts) {
    this.#ports = ports;
  }

  accept(pushed: PushedBuild): Promise<Accepted> {
    const turn = this.#turn.then(() => this.#accept(pushed));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #accept({ id, project, status, trigger, logUrl }: PushedBuild): Promise<Accepted> {
    const platform = await this.#ports.platform();
    if (!platform.ok) return { verdict: "later", reason: "mobius.yaml has problems" };
    const environment = Object.values(platform.value.environments).find((each) => each.project === project);
    if (environment === undefined) return { verdict: "ignored", reason: `no environment has project ${project}` };
    if (!isBuildStatus(status)) return { verdict: "ignored", reason: `no status ${status} is known` };
    const isOurs = (await this.#ports.eventLog.read(BUILD_STREAMS + id)).length > 0;
    if (isOurs) return { verdict: "ignored", reason: "this server ran the build itself" };
    const optional = { ...(trigger === undefined ? {} : { trigger }), ...(logUrl === undefined ? {} : { logUrl }) };
    return this.#tell({ id, project, status, ...optional }, environment, platform.value.notifications);
  }

  async #tell(
    build: NotifiedBuild,
    environment: Environment,
    notifications: Parameters<typeof messagesOf>[0],
  ): Promise<Accepted> {
    const { documents, outbox, clock, secrets } = this.#ports;
    const key = `${build.project}/${build.id}`;
    const rank = statusRank(build.status);
    const known = await documents.get<{ readonly rank: number }>(COLLECTION, key);
    if (known !== undefined && known.value.rank >= rank) {
      return { verdict: "ignored", reason: `a status as late as ${build.status} is known` };
    }
    const notice = buildNotice(build, environment.name);
    const about = `pushed/${key}/${build.status}`;
    const values = notice === undefined ? [] : await secrets.values(environment);
    const messages =
      notice === undefined ? [] : messagesOf(notifications, { about, notice, at: clock.now(), secrets: values });
    // The messages first: where the process dies in between, the same push comes again, and they are there already.
    if (messages.length > 0) await outbox.add({ messages });
    await this.#remember(key, rank);
    return { verdict: messages.length > 0 ? "told" : "ignored", reason: `${messages.length} messages` };
  }

  async #remember(key: string, rank: number): Promise<void> {
    const { documents } = this.#ports;
    for (let tries = 0; tries < MAX_PUT_TRIES; tries += 1) {
      const known = await documents.get<{ readonly rank: number }>(COLLECTION, key);
      if ((known?.value.rank ?? -1) >= rank) return;
      if ((await documents.put(COLLECTION, key, { rank }, known?.version ?? 0)).ok) return;
    }
  }
}
