/**
 * What a build in a network namespace of its own can reach: the ports of its `BuildNetwork`, each behind the same port in
 * there, and the places outside through a proxy. Whatever comes in is checked against the build's network again before it
 * goes on. Begin with `openNetworkRelay`.
 */
import { connect } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import type { BuildNetwork } from "../../ports/build-network.ts";
import { createForwardProxy } from "./forward-proxy.ts";
import type { Listeners } from "./listeners.ts";
import { proxyVariables } from "./proxy-variables.ts";

/** Connections of one build at a time; more are closed at once. */
const MAX_CONNECTIONS = 1_000;

export interface NetworkRelay {
  /** How programs of the build find the proxy, by the names that they know. */
  readonly variables: Readonly<Record<string, string>>;
  /** Lets nothing more through, and ends what goes through. */
  close(): void;
}

/** Opens it in the network that the listeners are in. */
export async function openNetworkRelay(listeners: Listeners, network: BuildNetwork): Promise<NetworkRelay> {
  const connections = new Set<Duplex>();
  const admit = (connection: Duplex): "admitted" | "refused" => {
    connection.on("error", () => {}); // whoever reads it hears of it
    if (connections.size >= MAX_CONNECTIONS) {
      connection.destroy();
      return "refused";
    }
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
    return "admitted";
  };
  const open = (port: number) =>
    listeners.listen(port, (connection) => {
      if (admit(connection) === "refused") return;
      if (network.ports().includes(port)) join(connection, port);
      else connection.destroy();
    });
  // A step that listens there itself keeps the port: it is the build's own network.
  const openLater = async (port: number) => void (await open(port).catch(() => {}));
  const stop = network.onPort(openLater);
  const proxy = createForwardProxy(network);
  const proxyPort = await listeners.listen(0, (connection) => {
    if (admit(connection) === "admitted") proxy.emit("connection", connection);
  });
  await Promise.all(network.ports().map(open));
  return {
    variables: proxyVariables(proxyPort),
    close() {
      stop();
      listeners.close();
      proxy.closeAllConnections();
      for (const connection of connections) connection.destroy();
    },
  };
}

function join(connection: Duplex, port: number): void {
  const outside = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  // Each way ends by itself, and a fault of either ends both.
  const ended = (error: unknown) => {
    if (!(error instanceof Error)) return;
    connection.destroy();
    outside.destroy();
  };
  pipeline(connection, outside, ended);
  pipeline(outside, connection, ended);
}
