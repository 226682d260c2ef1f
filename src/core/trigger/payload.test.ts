import { describe, expect, it } from "vitest";
import { bindPayload } from "./payload.ts";

const body = { a: { b: "text", n: 5, none: null, list: [{ x: "first" }], "with space": true } };

/** The values as they read, or what is wrong. */
function bind(values: Readonly<Record<string, string>>, payload: unknown) {
  const bound = bindPayload(values, payload);
  return bound.ok ? { ok: true, value: bound.value.values } : bound;
}

describe("payload bindings", () => {
  it.each([
    ["$(body.a.b)", "text"],
    ["before $(body.a.b), $(body.a.n) after", "before text, 5 after"],
    ["$(body.a.list[0].x)", "first"],
    ["$(body.a.list)", '[{"x":"first"}]'],
    ["$(body.a['with space'])", "true"],
    ["$(body.a.none)", "null"],
    ["$(body)", JSON.stringify(body)],
    ["$(build.x) $(bodyguard) $BRANCH_NAME", "$(build.x) $(bodyguard) $BRANCH_NAME"],
  ])("%s becomes %s", (value, expected) => {
    expect(bind({ _X: value }, body)).toEqual({ ok: true, value: { _X: expected } });
  });

  it("names everything that the payload has not, and reads nothing of its prototype", () => {
    expect(bind({ _X: "$(body.a.c)", _Y: "$(body.constructor)" }, body)).toEqual({
      ok: false,
      error: "the payload has no $(body.a.c) of _X, no $(body.constructor) of _Y",
    });
  });

  it("does not read again what it put in", () => {
    expect(bind({ _X: "$(body.evil)" }, { evil: "$(body.secret)", secret: "s" })).toMatchObject({
      value: { _X: "$(body.secret)" },
    });
  });

  it("decodes the data of a Pub/Sub message", () => {
    const push = (text: string) => ({
      subscription: "projects/p/subscriptions/s",
      message: { data: Buffer.from(text).toString("base64"), attributes: { kind: "new" }, messageId: "7" },
    });
    const values = { _TAG: "$(body.message.data.tag)", _KIND: "$(body.message.attributes.kind)" };
    expect(bind(values, push('{"tag":"v1 é"}'))).toMatchObject({ value: { _TAG: "v1 é", _KIND: "new" } });
    expect(bind({ _D: "$(body.message.data)" }, push("plain text"))).toMatchObject({ value: { _D: "plain text" } });
    const binary = { subscription: "s", message: { data: "/w==" } };
    expect(bind({ _D: "$(body.message.data)" }, binary)).toMatchObject({ value: { _D: "/w==" } });
  });

  it("tells what a sender wrote, and lets it name no other value", () => {
    expect(bindPayload({ _A: "$(body.a)-${_B}", _B: "b" }, { a: "${_B} $5" })).toEqual({
      ok: true,
      value: {
        values: { _A: "${_B} $5-${_B}", _B: "b" },
        literal: { _A: "$${_B} $$5-${_B}", _B: "b" },
        given: { _A: ["${_B} $5"] },
      },
    });
  });
});
