import { createHash } from "node:crypto";
import { tokens } from "../mobius-auth/tokens.js";
import { openDatabase } from "../mobius-contracts/postgres.js";
import { answer, requireVariables, serve } from "../mobius-contracts/service.js";

const SECRETS = ["SECRET_KEY", "JWT_SECRET", "DATABASE_URL"];
const { DATABASE_URL, JWT_SECRET } = requireVariables(...SECRETS);
const database = openDatabase(DATABASE_URL);
const signed = tokens(JWT_SECRET);

serve({
  routes: {
    "GET /health": () => ({ status: "ok" }),
    "GET /ready": async () => {
      const [{ people }] = await database.query("SELECT count(*) AS people FROM people");
      return { status: "ok", people };
    },
    "GET /api/v1/secret-shape": () => Object.fromEntries(SECRETS.map((name) => [name, shapeOf(process.env[name])])),
    "POST /api/v1/people": async ({ body }) => {
      if (typeof body.name !== "string" || body.name === "") return answer(400, { error: "name is missing" });
      const [person] = await database.query("INSERT INTO people (name) VALUES ($1) RETURNING id, name", [body.name]);
      return answer(201, { ...person, token: signed.issue({ person: person.id }) });
    },
    "GET /api/v1/people": () => database.query("SELECT id, name, display_name FROM people ORDER BY id LIMIT 100"),
  },
  stop: () => database.end(),
});

/** Enough to see that a secret came through unchanged, too little to guess it. */
function shapeOf(value) {
  const digest = createHash("sha256").update(value).digest("hex");
  return { length: value.length, endsInLineBreak: value.endsWith("\n"), sha256: digest.slice(0, 8) };
}
