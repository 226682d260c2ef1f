/** PostgreSQL's messages: a type, a length, a body. */

/** The messages of a connection, one at a time; rejects once it is lost. */
export function readMessages(socket) {
  const waiting = [];
  const ready = [];
  let pending = Buffer.alloc(0);
  let lost;
  const lose = (error) => {
    lost ??= error ?? new Error("the connection to PostgreSQL was lost");
    for (const { reject } of waiting.splice(0)) reject(lost);
  };
  socket.on("data", (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 5 && pending.length > pending.readInt32BE(1)) {
      const end = 1 + pending.readInt32BE(1);
      const message = { type: String.fromCharCode(pending[0]), body: pending.subarray(5, end) };
      pending = pending.subarray(end);
      const next = waiting.shift();
      if (next === undefined) ready.push(message);
      else next.resolve(message);
    }
  });
  socket.on("error", lose);
  socket.on("close", () => lose());
  return {
    async next() {
      const message = ready.shift();
      if (message !== undefined) return message;
      if (lost !== undefined) throw lost;
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
  };
}

export function errorFields(body) {
  const parts = body.toString("utf8").split("\0").filter(Boolean);
  return Object.fromEntries(parts.map((part) => [part[0], part.slice(1)]));
}

export function frame(type, body) {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

export function text(...parts) {
  return Buffer.from(`${parts.join("\0")}\0`);
}

export function int32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
