import { assertNever } from "../values/assert.ts";
import { holdsCredential } from "../values/looks-like-credential.ts";
import type { Problem } from "../values/problem.ts";
import { closest } from "../yaml/closest.ts";
import type { YamlFile, YamlPath } from "../yaml/read-yaml.ts";
import { type ExpressionPart, parseExpression } from "./expression.ts";
import type { Check, Platform, Service } from "./platform.ts";
import {
  addressWrittenOut,
  canaryUnfit,
  credentialInPlainText,
  environmentsOverlap,
  expressionInvalid,
  imageCycle,
  queueDiffers,
  referenceUnknown,
  workerThrottled,
} from "./problems.ts";

/** `SERVICE-NUMBER.REGION.run.app` and `SERVICE-HASH-REGION.a.run.app`. */
const CLOUD_RUN_ADDRESS = /\bhttps:\/\/[a-z0-9-]+\.[a-z0-9-]+\.run\.app\b/;

/** Names of variables that say where work is put and taken from. */
const QUEUE_VARIABLE = /(^|_)(REDIS|QUEUE|BROKER|AMQP|RABBITMQ|NATS|KAFKA|TOPIC|SUBSCRIPTION)(_|$)/;

/** How far `sameAs` is followed; more is a circle, and that is told of elsewhere. */
const MAX_HOPS = 100;

/** Every name of the platform file that leads nowhere, and what would not work as it stands (warnings). */
export function checkReferences(platform: Platform, file: YamlFile): readonly Problem[] {
  const check = new ReferenceCheck(platform, file);
  check.modules();
  check.images();
  check.services();
  check.environments();
  check.notifications();
  for (const [index, each] of platform.checks.entries()) check.check(each, ["checks", index]);
  return check.problems;
}

class ReferenceCheck {
  readonly problems: Problem[] = [];
  readonly #platform: Platform;
  readonly #file: YamlFile;

  constructor(platform: Platform, file: YamlFile) {
    this.#platform = platform;
    this.#file = file;
  }

  modules(): void {
    const databases = Object.assign({}, ...Object.values(this.#platform.environments).map((e) => e.databases));
    for (const [name, module] of Object.entries(this.#platform.modules)) {
      module.inputs.forEach((input, index) => {
        if (input.kind === "module")
          this.#known("module", input.module, this.#platform.modules, ["modules", name, "inputs", index]);
      });
      if (module.migrations === undefined || Object.keys(databases).length === 0) continue;
      this.#known("database", module.migrations.database, databases, ["modules", name, "migrations", "database"]);
    }
  }

  images(): void {
    for (const [name, image] of Object.entries(this.#platform.images)) {
      if (image.kind === "built") {
        this.#known("module", image.module, this.#platform.modules, ["images", name, "module"]);
      } else if (
        this.#known("image", image.image, this.#platform.images, ["images", name, "sameAs"]) &&
        this.#isCyclic(name)
      ) {
        this.problems.push(imageCycle(this.#file.whereOf(["images", name, "sameAs"]), name));
      }
    }
  }

  services(): void {
    for (const [name, service] of Object.entries(this.#platform.services)) {
      const path = ["services", name];
      this.#known("image", service.image, this.#platform.images, [...path, "image"]);
      this.#variables(service.env, [...path, "env"]);
      this.#variables(service.rehearsal?.env ?? {}, [...path, "rehearsal", "env"]);
      for (const [index, check] of service.checks.entries()) this.check(check, [...path, "checks", index]);
      if (service.role === "worker") this.#queues(service);
      if (isStarved(service)) this.problems.push(workerThrottled(this.#file.whereOfKey(path), name));
    }
  }

  /** A worker takes its work from where the APIs of its module put it: what names a queue must be the same in both. */
  #queues(worker: Service): void {
    for (const api of Object.values(this.#platform.services)) {
      if (api.role !== "api" || this.#moduleOf(api) !== this.#moduleOf(worker)) continue;
      for (const [variable, value] of Object.entries(worker.env)) {
        const other = api.env[variable];
        if (other === undefined || other === value || !QUEUE_VARIABLE.test(variable)) continue;
        const where = this.#file.whereOf(["services", worker.name, "env", variable]);
        this.problems.push(queueDiffers(where, variable, { worker: worker.name, api: api.name }));
      }
    }
  }

  #moduleOf({ image }: Service): string {
    let entry = this.#platform.images[image];
    for (let hops = 0; entry?.kind === "same-as" && hops < MAX_HOPS; hops += 1) {
      entry = this.#platform.images[entry.image];
    }
    // An image that leads nowhere is a problem of its own: such a service is of no module but itself.
    return entry?.kind === "built" ? `module ${entry.module}` : `image ${image}`;
  }

  #variables(variables: Readonly<Record<string, string>>, path: YamlPath): void {
    for (const [variable, value] of Object.entries(variables)) {
      const place = [...path, variable];
      this.#expression(value, place);
      if (holdsCredential(value)) this.problems.push(credentialInPlainText(this.#file.whereOf(place), variable));
      if (CLOUD_RUN_ADDRESS.test(value)) this.problems.push(addressWrittenOut(this.#file.whereOf(place), variable));
    }
  }

  environments(): void {
    const { environments, services, overrides } = this.#platform;
    this.#distinct();
    for (const [name, environment] of Object.entries(environments)) {
      const path = ["environments", name, "policies"];
      const { promoteFrom, canary } = environment.policies;
      if (promoteFrom !== undefined) this.#known("environment", promoteFrom, environments, [...path, "promoteFrom"]);
      canary?.services.forEach((service, index) => {
        const place = [...path, "canary", "services", index];
        const role = this.#known("service", service, services, place) ? services[service]?.role : undefined;
        if (role === "worker" || role === "job") {
          this.problems.push(canaryUnfit(this.#file.whereOf(place), service, role));
        }
      });
      for (const [override, value] of Object.entries(environment.overrides ?? {})) {
        const place = ["environments", name, "overrides", override];
        this.#known("override", override, overrides, place);
        if (holdsCredential(value)) this.problems.push(credentialInPlainText(this.#file.whereOf(place), override));
      }
    }
  }

  /** A project or name of two environments would lead a release of the one into the other. */
  #distinct(): void {
    const owners = new Map<string, string>();
    const claim = (kind: string, value: string, name: string, path: YamlPath): void => {
      const owner = owners.get(`${kind} ${value}`);
      owners.set(`${kind} ${value}`, owner ?? name);
      if (owner === undefined || owner === name) return;
      this.problems.push(environmentsOverlap(this.#file.whereOf(path), kind, value, [owner, name]));
    };
    for (const [name, { project, aliases }] of Object.entries(this.#platform.environments)) {
      const path = ["environments", name];
      claim("name", name, name, path);
      claim("project", project, name, [...path, "project"]);
      for (const [i, alias] of aliases.names.entries()) claim("name", alias, name, [...path, "aliases", "names", i]);
      for (const [i, alias] of aliases.projects.entries()) {
        claim("project", alias, name, [...path, "aliases", "projects", i]);
      }
    }
  }

  notifications(): void {
    const { environments, notifications } = this.#platform;
    for (const [index, name] of (notifications.slack?.environments ?? []).entries()) {
      this.#known("environment", name, environments, ["notifications", "slack", "environments", index]);
    }
  }

  check(check: Check, path: YamlPath): void {
    if (check.kind === "http") this.#expression(check.url, [...path, "http"]);
    else this.#expression(check.post, [...path, "roundTrip", "post"]);
  }

  #expression(expression: string, path: YamlPath): void {
    const parsed = parseExpression(expression);
    if (!parsed.ok) this.problems.push(expressionInvalid(this.#file.whereOf(path), parsed.error));
    else for (const part of parsed.value) this.#part(part, path);
  }

  #part(part: ExpressionPart, path: YamlPath): void {
    const { services, overrides, flags, environments } = this.#platform;
    switch (part.kind) {
      case "text":
        return;
      case "service-url":
        return void this.#known("service", part.service, services, path);
      case "database-url":
        return void this.#known(
          "database",
          part.database,
          Object.assign({}, ...Object.values(environments).map((e) => e.databases)),
          path,
        );
      case "override":
        return void this.#known("override", part.name, overrides, path);
      case "flag":
        return void this.#known("flag", part.name, flags, path);
      default:
        assertNever(part);
    }
  }

  #known(kind: string, name: string, all: Readonly<Record<string, unknown>>, path: YamlPath): boolean {
    if (Object.hasOwn(all, name)) return true;
    this.problems.push(referenceUnknown(this.#file.whereOf(path), kind, name, closest(name, Object.keys(all))));
    return false;
  }

  #isCyclic(name: string): boolean {
    const seen = new Set<string>();
    let image = this.#platform.images[name];
    while (image?.kind === "same-as") {
      if (seen.has(image.name)) return true;
      seen.add(image.name);
      image = this.#platform.images[image.image];
    }
    return false;
  }
}

function isStarved(service: Service): boolean {
  return service.role === "worker" && (service.run.minInstances < 1 || service.run.cpuThrottling);
}
