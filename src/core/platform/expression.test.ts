import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExpression } from "./expression.ts";

describe("parseExpression", () => {
  it("takes text and references apart", () => {
    expect(parseExpression("${services.mobius-rag.url}/search?x=$$1")).toEqual({
      ok: true,
      value: [
        { kind: "service-url", service: "mobius-rag" },
        { kind: "text", text: "/search?x=$1" },
      ],
    });
    expect(parseExpression("${databases.chat.url}")).toEqual({
      ok: true,
      value: [{ kind: "database-url", database: "chat" }],
    });
    expect(parseExpression("a${overrides.redis_url},${flags.live}")).toEqual({
      ok: true,
      value: [
        { kind: "text", text: "a" },
        { kind: "override", name: "redis_url" },
        { kind: "text", text: "," },
        { kind: "flag", name: "live" },
      ],
    });
    expect(parseExpression("")).toEqual({ ok: true, value: [{ kind: "text", text: "" }] });
  });

  it.each([
    ["${services.x}", '"${services.x}" refers to nothing that there is'],
    ["${services.x.url.y}", '"${services.x.url.y}" refers to nothing that there is'],
    ["${overrides.}", '"${overrides.}" refers to nothing that there is'],
    ["${flags.x", '"${" has no "}"'],
    ["x${databases.chat.url}", "a database's url holds a password, so it must be the whole value"],
  ])("says what is wrong with %s", (expression, error) => {
    expect(parseExpression(expression)).toEqual({ ok: false, error });
  });

  it("gives back any text whose dollar signs are doubled", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseExpression(text.replaceAll("$", "$$$$"));
        expect(parsed).toEqual({ ok: true, value: [{ kind: "text", text }] });
      }),
    );
  });

  it("never throws, whatever stands there", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseExpression(text)));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("$", "{", "}", "services", ".", "x", "url")),
        (parts) => void parseExpression(parts.join("")),
      ),
    );
  });
});
