import { expect } from "vitest";
import { type Ended, Installation, type Running } from "./installation.ts";

export interface ServingService {
  readonly service: string;
  readonly revision?: string;
  readonly url: string;
}

/** A service of Cloud Run as v2 gives and takes it, as far as scenarios change it by hand. */
export interface RunService {
  readonly template: {
    revision?: string;
    scaling?: { minInstanceCount?: number; maxInstanceCount?: number };
    readonly containers: { readonly image: string; readonly env: { name: string; value?: string }[] }[];
  };
  traffic: unknown;
}

const RECORDED_MS = 30_000;

/** The demo after its first release, with what people do to it: manifests like the released one, and hands on the cloud. */
export class SamplePlatform implements AsyncDisposable {
  readonly here: Installation;
  /** The released manifest. */
  readonly manifest: string;
  readonly #demo: Running;
  /** Its text before the release pinned it. */
  readonly #asWritten: string;

  private constructor(here: Installation, demo: Running, manifest: string, asWritten: string) {
    this.here = here;
    this.#demo = demo;
    this.manifest = manifest;
    this.#asWritten = asWritten;
  }

  static async open(): Promise<SamplePlatform> {
    const here = await Installation.make();
    const demo = here.demo();
    await demo.waitFor(/Stop with Ctrl-C/);
    const manifest = await here.manifest();
    const added = await here.git(".", "log", "--diff-filter=A", "--format=%H", "--", manifest);
    const asWritten = `${await here.git(".", "show", `${added}:${manifest}`)}\n`;
    await here.git(".", "pull", "--quiet", "origin", "main");
    return new SamplePlatform(here, demo, manifest, asWritten);
  }

  async serving(): Promise<readonly ServingService[]> {
    const answer = await this.here.ask("/api/v1/environments/staging");
    return ((await answer.json()) as { readonly services: readonly ServingService[] }).services;
  }

  /** A service as the cloud has it. */
  async service(name: string): Promise<RunService> {
    return (await (await this.here.ask(`/v2/${SERVICES}/${name}`)).json()) as RunService;
  }

  /** Changes a service by hand, past every release, and waits until all of its traffic is where that leads. */
  async byHand(name: string, change: (service: RunService) => void): Promise<void> {
    const service = await this.service(name);
    delete service.template.revision;
    service.traffic = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }];
    change(service);
    const changed = await this.here.ask(`/v2/${SERVICES}/${name}`, { method: "PATCH", body: JSON.stringify(service) });
    expect(changed.status).toBe(200);
    const { name: operation } = (await changed.json()) as { readonly name: string };
    const isDone = async () => ((await (await this.here.ask(`/v2/${operation}`)).json()) as { done?: boolean }).done;
    await expect.poll(isDone, { timeout: 20_000 }).toBe(true);
  }

  /** A manifest like the released one, changed, in a file of its own. */
  async draft(name: string, change: (text: string) => string = (text) => text): Promise<string> {
    const file = `release-manifests/${name}.yaml`;
    const changed = change(this.#asWritten.replace(/^release_id: .*$/m, `release_id: ${name}`));
    await this.here.push(".", file, () => changed);
    return file;
  }

  /** Changes the platform file for as long as `during` takes. */
  async withPlatform<T>(change: (text: string) => string, during: () => Promise<T>): Promise<T> {
    let before = "";
    await this.here.push(".", "mobius.yaml", (text) => {
      before = text;
      const changed = change(text);
      if (changed === text) throw new Error("nothing of mobius.yaml changed");
      return changed;
    });
    try {
      return await during();
    } finally {
      await this.here.push(".", "mobius.yaml", () => before);
    }
  }

  /** Asks for a release that is refused: nothing is planned and nothing begins. */
  async refused(file: string): Promise<Ended> {
    const before = await this.here.json<readonly unknown[]>(["status"]);
    const ended = await this.here.run(["release", file]);
    expect(await this.here.json<readonly unknown[]>(["status"])).toEqual(before);
    expect(ended.code, ended.err).toBe(3);
    return ended;
  }

  /** Releases a manifest that cannot succeed; what serves is the same before and after. */
  async failed(file: string, code: 1 | 10 = 1): Promise<Ended> {
    const before = await this.serving();
    const ended = await this.here.run(["release", file]);
    expect(ended.code, ended.err).toBe(code);
    if (code === 1) expect(ended.err).toContain("✗ failed: traffic is as it was");
    expect(await this.serving()).toEqual(before);
    await this.recorded();
    return ended;
  }

  /** Releases a manifest that succeeds. */
  async released(file: string): Promise<Ended> {
    const ended = await this.here.run(["release", file]);
    expect(ended.code, ended.err).toBe(0);
    await this.recorded();
    return ended;
  }

  /** The folder follows what the server wrote of the newest release: only then is it anybody's to change. */
  async recorded(): Promise<void> {
    const [newest] = await this.here.json<readonly { readonly id: string }[]>(["status"]);
    const last = () => this.here.git(".", "log", "-1", "--format=%(trailers:key=Mobius-Release,valueonly)");
    await expect.poll(last, { timeout: RECORDED_MS, interval: 100 }).toBe(newest?.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#demo.kill("SIGINT");
    await this.#demo.ended;
    await this.here[Symbol.asyncDispose]();
  }
}

const SERVICES = "projects/mobius-staging/locations/us-central1/services";
