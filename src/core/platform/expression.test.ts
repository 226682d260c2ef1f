import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ExpressionPart, parseExpression } from "./expression.ts";

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

  it("gives back texts and references in their order, however they are mixed", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
    const part = fc.oneof(
      fc.string({ minLength: 1 }).map((text) => ({ kind: "text" as const, text })),
      name.map((service) => ({ kind: "service-url" as const, service })),
      name.map((each) => ({ kind: "override" as const, name: each })),
      name.map((each) => ({ kind: "flag" as const, name: each })),
    );
    const written = (each: ExpressionPart): string => {
      if (each.kind === "text") return each.text.replaceAll("$", "$$$$");
      if (each.kind === "service-url") return `\${services.${each.service}.url}`;
      return each.kind === "override" ? `\${overrides.${each.name}}` : `\${flags.${"name" in each ? each.name : ""}}`;
    };
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const isApart = parts.every((each, index) => each.kind !== "text" || parts[index + 1]?.kind !== "text");
        fc.pre(isApart);
        expect(parseExpression(parts.map(written).join(""))).toEqual({ ok: true, value: parts });
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
