import type { BuildLimits } from "./settings.ts";

const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const HOST = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

interface Reference {
  /** The registry and the repository in it. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Complaint about the image of a step, after substitution. */
export function checkStepImage(name: string, limits: BuildLimits): string | undefined {
  if (name.length <= limits.nameLength && isReference(name)) return undefined;
  return `invalid build step name ${JSON.stringify(name)}: could not parse reference: ${name}`;
}

/** Complaints about images that a build promises, after substitution. */
export function checkImages(images: readonly string[], limits: BuildLimits): string | undefined {
  if (images.length > limits.images) return `cannot specify more than ${limits.images} images`;
  for (const image of images) {
    const shown = JSON.stringify(image);
    if (/[A-Z]/.test(split(image).name)) return `invalid image name ${shown} contains uppercase letters`;
    if (image.length > limits.imageLength || !isReference(image)) return `invalid image name ${shown}`;
  }
  return undefined;
}

/** Docker's grammar of `[host[:port]/]path[:tag][@digest]`, a part at a time so that no text is costly to read. */
function isReference(text: string): boolean {
  const { name, tag, digest } = split(text);
  if (tag !== undefined && !TAG.test(tag)) return false;
  if (digest !== undefined && !DIGEST.test(digest)) return false;
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  if (hasHost && !HOST.test(first)) return false;
  return (hasHost ? rest : [first, ...rest]).every((component) => COMPONENT.test(component));
}

function split(text: string): Reference {
  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  // A colon before the last slash belongs to a port.
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  return {
    name: colon < 0 ? named : named.slice(0, colon),
    tag: colon < 0 ? undefined : named.slice(colon + 1),
    digest: at < 0 ? undefined : text.slice(at + 1),
  };
}
