import { parsePlatform } from "../../core/platform/parse-platform.ts";
import { PLATFORM_FILE, type Platform } from "../../core/platform/platform.ts";
import type { Checked } from "../../core/values/checked.ts";
import type { CommitId } from "../../core/values/ids.ts";
import { umbrellaUnreadable } from "./problems.ts";
import type { ReleasePorts } from "./release-ports.ts";

/** Platform files kept at hand: as many as there are likely to be releases under way. */
const KEPT = 16;

/** Reads the platform file as the umbrella's commit has it; a commit never changes, so each is parsed once. */
export class PlatformReader {
  readonly #ports: Pick<ReleasePorts, "source" | "umbrella">;
  readonly #platforms = new Map<CommitId, Checked<Platform>>();

  constructor(ports: Pick<ReleasePorts, "source" | "umbrella">) {
    this.#ports = ports;
  }

  /** As the head of the umbrella's main branch has it; where the remote does not answer, as it was last seen. */
  async now(): Promise<Checked<Platform>> {
    const { source, umbrella } = this.#ports;
    await source.refresh(umbrella);
    const head = await source.resolve(umbrella, "HEAD");
    return head.ok ? this.at(head.value) : { ok: false, problems: [umbrellaUnreadable(umbrella)] };
  }

  async at(commit: CommitId): Promise<Checked<Platform>> {
    const known = this.#platforms.get(commit);
    if (known !== undefined) return known;
    const text = await this.#ports.source.readFile(this.#ports.umbrella, commit, PLATFORM_FILE);
    const platform = parsePlatform(text ?? "", PLATFORM_FILE);
    const [oldest] = this.#platforms.keys();
    if (this.#platforms.size >= KEPT && oldest !== undefined) this.#platforms.delete(oldest);
    this.#platforms.set(commit, platform);
    return platform;
  }
}
