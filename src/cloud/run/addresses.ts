import type { Server } from "node:http";
import { err, ok } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import { change } from "./keep.ts";
import { COLLECTION, type Place, serviceKey } from "./resources.ts";

/** A port of an earlier run may be held a moment longer by connections that are ending. */
const REOPEN_MS = 5_000;
const REOPEN_POLL_MS = 100;
/** Addresses of an installation, at most. */
const MAX_ADDRESSES = 1_000;

/** What has an address: a service, or one of its tags. */
export interface Addressed extends Place {
  readonly service: string;
  readonly tag?: string;
}

interface StoredAddress extends Addressed {
  readonly port: number;
}

/** Addresses of services and tags: a port each, allocated once and kept. */
export interface Addresses {
  /** The address; its listener is open when this resolves. Rejects where another program has the kept port. */
  addressOf(addressed: Addressed): Promise<string>;
  /** The address as it is kept, whether or not it could be opened; allocated where there is none. */
  urlOf(addressed: Addressed): Promise<string>;
  /** Opens the listeners of all that are kept; what could not be opened, with the reason. */
  openAll(): Promise<readonly { readonly addressed: Addressed; readonly reason: string }[]>;
  close(): Promise<void>;
}

/** `serve` makes the server of one address, not listening yet. */
export function createAddresses(options: {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly serve: (addressed: Addressed) => Server;
  /** Called with every address before anybody hears of it. */
  readonly onOpen?: (address: Addressed & { readonly port: number }) => Promise<void>;
}): Addresses {
  const { documents, clock, serve, onOpen } = options;
  const open = new Map<string, Promise<{ readonly server: Server; readonly port: number }>>();

  const openOne = async (addressed: Addressed, patienceMs: number) => {
    const at = { collection: COLLECTION.addresses, key: keyOf(addressed) };
    const kept = await documents.get<StoredAddress>(at.collection, at.key);
    const server = serve(addressed);
    const port =
      kept === undefined ? await listen(server, 0) : await reopen(server, kept.value.port, { clock, patienceMs });
    await onOpen?.({ ...addressed, port });
    if (kept !== undefined) return { server, port };
    const stored = await change<StoredAddress, "taken">(documents, at, (current) =>
      current === undefined ? ok({ ...addressed, port }) : err("taken"),
    );
    if (stored.ok) return { server, port };
    server.close();
    throw new Error(`the address of ${at.key} was allocated twice at once`);
  };

  const ensure = (addressed: Addressed, patienceMs = 0) => {
    const key = keyOf(addressed);
    const opening = open.get(key) ?? openOne(addressed, patienceMs);
    open.set(key, opening);
    opening.catch(() => open.delete(key)); // the next one who asks tries again
    return opening;
  };

  const urlAt = (port: number) => `http://127.0.0.1:${port}`;

  return {
    addressOf: async (addressed) => urlAt((await ensure(addressed)).port),
    async urlOf(addressed) {
      const opened = await open.get(keyOf(addressed))?.catch(() => undefined);
      if (opened !== undefined) return urlAt(opened.port);
      const kept = await documents.get<StoredAddress>(COLLECTION.addresses, keyOf(addressed));
      return urlAt(kept?.value.port ?? (await ensure(addressed)).port);
    },
    async openAll() {
      const kept = await documents.list<StoredAddress>({
        collection: COLLECTION.addresses,
        prefix: "",
        limit: MAX_ADDRESSES,
      });
      const opened = await Promise.all(
        kept.map(async ({ value: { port: _, ...addressed } }) => {
          try {
            await ensure(addressed, REOPEN_MS);
            return [];
          } catch (error) {
            return [{ addressed, reason: error instanceof Error ? error.message : String(error) }];
          }
        }),
      );
      return opened.flat();
    },
    async close() {
      const opened = await Promise.allSettled(open.values());
      open.clear();
      await Promise.all(opened.map((each) => (each.status === "fulfilled" ? shut(each.value.server) : undefined)));
    },
  };
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      server.off("listening", opened);
      reject(error);
    };
    const opened = () => {
      server.off("error", failed);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    };
    server.once("error", failed).once("listening", opened);
    server.listen({ host: "127.0.0.1", port });
  });
}

async function reopen(
  server: Server,
  port: number,
  { clock, patienceMs }: { readonly clock: Clock; readonly patienceMs: number },
): Promise<number> {
  const deadline = clock.monotonicMs() + patienceMs;
  for (;;) {
    try {
      return await listen(server, port);
    } catch (error) {
      if (clock.monotonicMs() >= deadline) throw new Error(portText(port, error));
      await clock.sleep(REOPEN_POLL_MS);
    }
  }
}

function portText(port: number, error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return `Another program listens on port ${port}, which this address keeps. End that program, then start again.`;
  }
  return `Port ${port} cannot be opened: ${String(error)}`;
}

function keyOf(addressed: Addressed): string {
  return addressed.tag === undefined ? serviceKey(addressed) : `${serviceKey(addressed)}/${addressed.tag}`;
}
