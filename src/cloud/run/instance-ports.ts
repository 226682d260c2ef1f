import { createServer } from "node:net";

/** Ports of a machine are many; not finding a free one in so many tries is a fault. */
const MAX_TRIES = 50;

/** Ports for instances, each given to one instance at a time. */
export interface InstancePorts {
  /** A port that nothing listens on, and that no other instance was told to listen on. */
  take(): Promise<number>;
  /** Gives it back, once its instance has ended. */
  give(port: number): void;
}

/**
 * Ports that are free just now. An instance listens only some time after it was told its port, and until then the system
 * would give the same one to another: each would take the other's answers for its own.
 */
export function createInstancePorts(): InstancePorts {
  const taken = new Set<number>();
  return {
    async take() {
      for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
        const port = await freePort();
        if (taken.has(port)) continue;
        taken.add(port);
        return port;
      }
      throw new Error(`no free port in ${MAX_TRIES} tries`);
    },
    give(port) {
      taken.delete(port);
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
