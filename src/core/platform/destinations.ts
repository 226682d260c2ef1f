/**
 * Where steps of an environment's builds may go outside this machine: the addresses that its boundary owns or shares, and
 * the repositories that the platform declares. Pure. Begin with `outsideDestinations`.
 */
import type { Environment, Platform } from "./platform.ts";

/** A place on a network. */
export interface Destination {
  /** A host as it is written, in lower case; `*` stands for anything. */
  readonly host: string;
  readonly port: number | "any";
}

/** Ports of addresses that name none. */
const USUAL_PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ssh: 22,
  git: 9418,
  redis: 6379,
  rediss: 6379,
  postgres: 5432,
  postgresql: 5432,
  amqp: 5672,
  amqps: 5671,
};

/** Names of things that are no hosts: a bucket is reached through an API, whose host has to be named itself. */
const NO_HOSTS: ReadonlySet<string> = new Set(["gs", "s3", "bq", "file"]);

/** All of them; of entries that name no host, nothing. */
export function outsideDestinations(platform: Platform, environment: Environment): readonly Destination[] {
  const { owns, shares } = environment.boundary;
  const repositories = [
    platform.git.umbrella,
    ...Object.values(platform.modules).map(({ source }) => (source.kind === "repository" ? source.url : undefined)),
  ];
  return [
    ...[...owns, ...shares].flatMap((entry) => addressOf(entry) ?? []),
    ...repositories.flatMap((url) => (url === undefined ? [] : (addressOf(url) ?? sshAddressOf(url) ?? []))),
  ];
}

/** Whether one of the destinations is meant. */
export function isDestination(
  destinations: readonly Destination[],
  wanted: { readonly host: string; readonly port: number },
): boolean {
  const host = wanted.host.toLowerCase();
  return destinations.some(
    ({ host: pattern, port }) => (port === "any" || port === wanted.port) && fits(pattern, host),
  );
}

/** `scheme://[user@]host[:port|:*][/…]`; an unknown scheme must name its port. */
function addressOf(text: string): Destination | undefined {
  const [, scheme = "", host = "", written] =
    /^([a-z][a-z0-9+.-]*):\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^/:?#]+)(?::(\d{1,5}|\*))?(?:[/?#].*)?$/i.exec(text) ?? [];
  if (host === "" || NO_HOSTS.has(scheme.toLowerCase())) return undefined;
  const port = written === "*" ? "any" : written === undefined ? USUAL_PORTS[scheme.toLowerCase()] : Number(written);
  return port === undefined ? undefined : { host: host.replace(/^\[|\]$/g, "").toLowerCase(), port };
}

/** `[user@]host:path`, as git and ssh write it. */
function sshAddressOf(url: string): Destination | undefined {
  const host = /^(?:[^/@:]+@)?([a-z0-9][a-z0-9.-]*):(?!\/\/)/i.exec(url)?.[1];
  return host === undefined ? undefined : { host: host.toLowerCase(), port: 22 };
}

function fits(pattern: string, host: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(host);
}
