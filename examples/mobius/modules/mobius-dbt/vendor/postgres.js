import { connect } from "node:net";
import { scramClient } from "./scram.js";
import { errorFields, frame, int16, int32, readMessages, text } from "./wire.js";

/** The server refused a statement; `code` is the SQLSTATE. The connection goes on. */
export class SqlError extends Error {
  constructor(fields) {
    super(fields.M ?? "the server refused the statement");
    this.name = "SqlError";
    this.code = fields.C;
  }
}

/** Numbers that JavaScript holds, booleans and JSON come as such; everything else stays text. */
const READERS = new Map([
  ...[20, 21, 23, 700, 701].map((type) => [type, Number]),
  [16, (text) => text === "t"],
  ...[114, 3802].map((type) => [type, JSON.parse]),
]);

/**
 * A database by its URL, `postgresql://user:password@host:port/name`, with `?host=/folder` for a Unix socket. It is
 * reached with the first query, and again with the next one after the connection was lost.
 */
export function openDatabase(url) {
  let opening;
  const session = async () => {
    opening ??= openSession(settingsOf(url));
    try {
      const opened = await opening;
      if (!opened.isClosed()) return opened;
    } catch (error) {
      opening = undefined;
      throw error;
    }
    opening = undefined;
    return session();
  };
  return {
    /** Runs one statement with `$1`, `$2`, …; gives its rows as objects. */
    query: async (text, values = []) => (await session()).query(text, values),
    end: async () => (await opening?.catch(() => undefined))?.end(),
  };
}

export function settingsOf(url) {
  const { username, password, hostname, port, pathname, searchParams } = new URL(url);
  const number = Number(port || 5432);
  const folder = searchParams.get("host");
  return {
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    target: folder?.startsWith("/")
      ? { path: `${folder}/.s.PGSQL.${number}` }
      : { host: folder ?? hostname, port: number },
  };
}

/** Connects and signs in. Statements wait for one another. */
async function openSession(settings) {
  const socket = connect(settings.target);
  const messages = readMessages(socket);
  const send = (type, body) => socket.write(frame(type, body));
  socket.setTimeout(10_000, () => socket.destroy(new Error("PostgreSQL did not answer the sign-in within 10 s")));
  socket.write(
    frame("", Buffer.concat([int32(196_608), text("user", settings.user, "database", settings.database, "")])),
  );
  try {
    await signIn(settings, messages, send);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setTimeout(0);
  let last = Promise.resolve();
  return {
    isClosed: () => socket.destroyed,
    query(statement, values) {
      const result = last.then(() => {
        socket.write(Buffer.concat(extendedQuery(statement, values)));
        return readResult(messages);
      });
      last = result.catch(() => {});
      return result;
    },
    end: async () => {
      await last;
      if (!socket.destroyed) socket.end(frame("X", Buffer.alloc(0)));
    },
  };
}

async function signIn({ password }, messages, send) {
  const scram = scramClient(password);
  for (;;) {
    const { type, body } = await messages.next();
    if (type === "E") throw new SqlError(errorFields(body));
    if (type === "Z") return;
    if (type !== "R") continue;
    const method = body.readInt32BE(0);
    const rest = body.subarray(4).toString();
    if (method === 10)
      send("p", Buffer.concat([text("SCRAM-SHA-256"), int32(scram.first.length), Buffer.from(scram.first)]));
    else if (method === 11) send("p", Buffer.from(scram.final(rest)));
    else if (method === 12) scram.verify(rest);
    else if (method !== 0)
      throw new Error(`PostgreSQL asks for sign-in method ${method}; only SCRAM-SHA-256 is known here`);
  }
}

/** Parse, Bind, Describe, Execute, Sync: values travel apart from the statement, so nothing has to be quoted. */
function extendedQuery(statement, values) {
  const bound = values.map((value) => {
    if (value === undefined || value === null) return int32(-1);
    const bytes = Buffer.from(typeof value === "object" ? JSON.stringify(value) : String(value));
    return Buffer.concat([int32(bytes.length), bytes]);
  });
  return [
    frame("P", Buffer.concat([text("", statement), int16(0)])),
    frame("B", Buffer.concat([text("", ""), int16(0), int16(values.length), ...bound, int16(0)])),
    frame("D", Buffer.from("P\0")),
    frame("E", Buffer.concat([text(""), int32(0)])),
    frame("S", Buffer.alloc(0)),
  ];
}

async function readResult(messages) {
  let columns = [];
  let failure;
  const rows = [];
  for (;;) {
    const { type, body } = await messages.next();
    if (type === "T") columns = readColumns(body);
    else if (type === "D") rows.push(readRow(body, columns));
    else if (type === "E") failure = new SqlError(errorFields(body));
    else if (type === "Z" && failure !== undefined) throw failure;
    else if (type === "Z") return rows;
  }
}

function readColumns(body) {
  let at = 2;
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const end = body.indexOf(0, at);
    const column = { name: body.toString("utf8", at, end), type: body.readInt32BE(end + 7) };
    at = end + 19;
    return column;
  });
}

function readRow(body, columns) {
  let at = 2;
  return Object.fromEntries(
    columns.map(({ name, type }) => {
      const length = body.readInt32BE(at);
      at += 4 + Math.max(length, 0);
      if (length < 0) return [name, null];
      const value = body.toString("utf8", at - length, at);
      return [name, READERS.get(type)?.(value) ?? value];
    }),
  );
}
