/**
 * Listeners in another network: a supervisor opens the port in its own namespace and hands the open socket over to the
 * server, which answers there as if it were inside. The supervisor has no part in what goes through. Begin with
 * `createListeners`; `answerListens` is the supervisor's side.
 */
import type { ChildProcess } from "node:child_process";
import { createServer, Server } from "node:net";
import type { Duplex } from "node:stream";

/** Opening a port takes no time; a supervisor that does not answer is gone. */
const ANSWER_MS = 10_000;

/** What the server asks for, with a number of its own. */
interface Asked {
  readonly listen: number;
  readonly port: number;
}

type Answered =
  | { readonly listen: number; readonly port: number }
  | { readonly listen: number; readonly reason: string };

export interface Listeners {
  listen(port: number, onConnection: (connection: Duplex) => void): Promise<number>;
  /** Listens no more; connections go on until their ends close them. */
  close(): void;
}

interface Waiting {
  readonly answered: (answer: Answered, server: unknown) => void;
  readonly lost: () => void;
}

/** The listeners of a supervisor that was started with a channel for them. */
export function createListeners(supervisor: ChildProcess): Listeners {
  const waiting = new Map<number, Waiting>();
  const servers = new Set<Server>();
  let last = 0;
  supervisor.on("message", (message, handle) => {
    const answer = message as Answered;
    waiting.get(answer.listen)?.answered(answer, handle);
    waiting.delete(answer.listen);
  });
  const lose = () => {
    for (const { lost } of waiting.values()) lost();
    waiting.clear();
  };
  supervisor.on("exit", lose).on("error", lose);
  supervisor.channel?.unref(); // a server that ends does not wait for it
  return {
    listen: (port, onConnection) =>
      new Promise((resolve, reject) => {
        last += 1;
        const listen = last;
        const fail = (reason: string) => {
          waiting.delete(listen);
          reject(new Error(`port ${port} cannot be opened in the build's network: ${reason}`));
        };
        AbortSignal.timeout(ANSWER_MS).addEventListener("abort", () => fail("its supervisor does not answer"));
        waiting.set(listen, {
          lost: () => fail("its supervisor ended"),
          answered: (answer, server) => {
            if ("reason" in answer || !(server instanceof Server))
              return fail("reason" in answer ? answer.reason : "no socket");
            servers.add(server);
            Object.assign(server, { allowHalfOpen: true }); // a client may say that it has said all, and then listen
            server.unref().on("connection", onConnection);
            resolve(answer.port);
          },
        });
        const asked: Asked = { listen, port };
        if (supervisor.connected) supervisor.send(asked, (error) => error && fail(error.message));
        else fail("its supervisor ended");
      }),
    close() {
      for (const server of servers) server.close();
      servers.clear();
    },
  };
}

/** Opens what the server asks for; without a channel nothing is asked. */
export function answerListens(): void {
  if (process.send === undefined) return;
  process.on("message", (message) => {
    const { listen, port } = message as Asked;
    const answer = (what: Answered, server?: Server) => process.send?.(what, server, {}, () => server?.close());
    // Nobody knows the port before it is handed over: a connection that comes to us is none of a client's.
    const server = createServer((connection) => connection.destroy());
    server.once("error", (error) => answer({ listen, reason: error.message }));
    server.listen({ host: "127.0.0.1", port }, () => {
      const address = server.address();
      answer({ listen, port: typeof address === "object" && address !== null ? address.port : port }, server);
    });
  });
}
