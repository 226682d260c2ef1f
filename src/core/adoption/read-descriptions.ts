import { looksLikeCredential } from "../values/looks-like-credential.ts";
import type { Problem } from "../values/problem.ts";
import { readYaml, type YamlFile, type YamlPath } from "../yaml/read-yaml.ts";
import { type DescriptionShape, shapeOf } from "./description-shapes.ts";
import type { Found } from "./found.ts";
import { InputLeaves, type LeftOver } from "./input-leaves.ts";
import { importInputUnknown } from "./problems.ts";
import { readHealth, readRun } from "./read-settings.ts";
import { readContainerVariables, secretAliases } from "./read-variables.ts";

const NO_KEY = "mobius.yaml has no key for it";
const RECORD = "the cloud's own record, not a setting";
const MAX_SHOWN = 120;

/**
 * Reads what `gcloud run services describe` and `run jobs describe` print, as JSON, YAML or export, in the shape of Knative
 * v1 or of Cloud Run v2: one description, several YAML documents, or a list.
 */
export function readDescriptions(
  text: string,
  file: string,
): { readonly found: readonly Found[]; readonly problems: readonly Problem[] } {
  const found: Found[] = [];
  const problems: Problem[] = [];
  for (const document of documentsOf(text)) {
    const read = readYaml(document, file);
    if (!read.ok) {
      problems.push(...read.error);
      continue;
    }
    for (const base of descriptionsIn(read.value.value)) {
      const shape = shapeOf(at(read.value.value, base));
      if (shape === undefined)
        problems.push(
          importInputUnknown(
            read.value.whereOf(base),
            "It has neither kind: Service or Job, nor a name such as projects/P/locations/R/services/S.",
          ),
        );
      else found.push(readDescription(read.value, base, shape));
    }
  }
  return { found, problems };
}

/** YAML's documents, each with the lines before it left empty, so that places stay right. */
function documentsOf(text: string): readonly string[] {
  const documents: string[][] = [[]];
  for (const [index, line] of text.split("\n").entries()) {
    if (/^---(\s|$)/.test(line)) documents.push(Array.from({ length: index + 1 }, () => ""));
    else documents.at(-1)?.push(line);
  }
  const filled = documents.map((lines) => lines.join("\n")).filter((document) => document.trim() !== "");
  return filled.length === 0 ? [text] : filled;
}

/** A list, Knative's `items`, v2's `services` or `jobs`, or one description alone. */
function descriptionsIn(value: unknown): readonly YamlPath[] {
  if (Array.isArray(value)) return value.map((_item, index) => [index]);
  for (const key of ["items", "services", "jobs"]) {
    const list = at(value, [key]);
    if (Array.isArray(list)) return list.map((_item, index) => [key, index]);
  }
  return [[]];
}

function at(root: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<string | number, unknown> | undefined)?.[key], root);
}

function readDescription(file: YamlFile, base: YamlPath, shape: DescriptionShape): Found {
  const leaves = new InputLeaves(file, base);
  const place = placeOf(leaves, shape);
  const source = `${file.file} (${place.service})`;
  const left: LeftOver[] = [];
  const containers = leaves.peek([...shape.pod, "containers"]);
  const container = [...shape.pod, "containers", servingContainer(containers)];
  const leave = (path: YamlPath, because: string, value?: string) => left.push(leftOver(source, path, because, value));
  const aliases = secretAliases(leaves.text(aliasPath(shape)));
  const addresses = addressesOf(leaves, shape);
  const image = leaves.text([...container, "image"]);
  const account = leaves.text(shape.account);
  const env = readContainerVariables(leaves, container, aliases, leave);
  const run = readRun(leaves, shape, container, leave);
  const health = shape.kind === "job" ? {} : readHealth(leaves, container, leave);
  for (const path of [...shape.records, [...container, "name"]]) {
    for (const rest of leaves.drain(path))
      left.push({ source, path: shown(rest.path), because: RECORD, kind: "record" });
  }
  for (const { path, because } of shape.left) {
    for (const rest of leaves.drain(path)) leave(rest.path, because, rest.value);
  }
  for (const rest of leaves.drain([])) {
    const isBeside = rest.path.slice(0, container.length - 1).join() === container.slice(0, -1).join();
    const isOther = isBeside && rest.path[container.length - 1] !== container.at(-1);
    leave(rest.path, isOther ? "a service has one container" : NO_KEY, rest.value);
  }
  const project = place.project ?? projectOf(account, image, run.cloudsqlInstances);
  return {
    source,
    service: place.service,
    kind: shape.kind,
    place: {
      ...(project === undefined ? {} : { project }),
      ...(place.region === undefined ? {} : { region: place.region }),
    },
    ...(image === undefined ? {} : { image }),
    ...(account === undefined ? {} : { account }),
    addresses,
    run,
    health,
    env,
    left,
  };
}

/** The one that takes requests: with sidecars, that which has a port. */
function servingContainer(containers: unknown): number {
  if (!Array.isArray(containers)) return 0;
  const index = containers.findIndex((each) => typeof each === "object" && each !== null && "ports" in each);
  return Math.max(index, 0);
}

function placeOf(leaves: InputLeaves, shape: DescriptionShape) {
  if (shape.version === "v2") {
    const [, project = "", , region = "", , service = ""] = (leaves.text(["name"]) ?? "").split("/");
    return { service, project, region };
  }
  const service = leaves.text(["metadata", "name"]) ?? "";
  const namespace = leaves.text(["metadata", "namespace"]);
  const region = leaves.text(["metadata", "labels", "cloud.googleapis.com/location"]);
  // gcloud gives the project's number here, which names no project in the platform file.
  return { service, region, project: namespace === undefined || /^\d+$/.test(namespace) ? undefined : namespace };
}

function projectOf(account: string | undefined, image: string | undefined, instances: unknown): string | undefined {
  const ofAccount = /@([a-z][a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(account ?? "")?.[1];
  const ofImage = /^(?:[a-z.]*gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)\/([^/]+)\//.exec(image ?? "")?.[1];
  const [first] = Array.isArray(instances) ? instances : [];
  return ofAccount ?? ofImage ?? /^([^:]+):[^:]+:/.exec(String(first ?? ""))?.[1];
}

function aliasPath(shape: DescriptionShape): YamlPath {
  return shape.version === "v1" ? ["spec", "template", "metadata", "annotations", "run.googleapis.com/secrets"] : ["-"];
}

function addressesOf(leaves: InputLeaves, shape: DescriptionShape): readonly string[] {
  const many =
    shape.version === "v1"
      ? leaves.peek(["metadata", "annotations", "run.googleapis.com/urls"])
      : leaves.texts(["urls"])?.join(" ");
  const one = shape.version === "v1" ? leaves.peek(["status", "url"]) : leaves.text(["uri"]);
  const all = `${String(one ?? "")} ${String(many ?? "")}`.match(/https?:\/\/[^\s",\]]+/g) ?? [];
  return [...new Set(all.map((address) => address.replace(/\/+$/, "")))];
}

function leftOver(source: string, path: YamlPath, because: string, value: string | undefined): LeftOver {
  const name = String(path.at(-1) ?? "");
  const isShown = value !== undefined && value !== "" && !path.some((key) => looksLikeCredential(String(key), value));
  const text = { source, path: shown(path), because, kind: "setting" } as const;
  if (!isShown || looksLikeCredential(name, value)) return text;
  return { ...text, value: value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value };
}

function shown(path: YamlPath): string {
  return path.join(".");
}
