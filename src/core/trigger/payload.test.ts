import { describe, expect, it } from "vitest";
import { bindPayload as bind, boundKeys } from "./payload.ts";

const body = { a: { b: "text", n: 5, none: null, list: [{ x: "first" }], "with space": true } };

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

  it("knows which values a sender writes", () => {
    expect(boundKeys({ _A: "$(body.a)", _B: "b", _C: "x-$(body)" })).toEqual(["_A", "_C"]);
  });
});
