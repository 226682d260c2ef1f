import { describe, expect, it } from "vitest";
import { parseRevision, withEarlier, withLater } from "./alembic-revisions.ts";

describe("an Alembic revision", () => {
  it.each([
    ['revision = "s1i2d3e4c5a6r"\ndown_revision = None\n', { id: "s1i2d3e4c5a6r", after: [] }],
    ["revision: str = 'b'\ndown_revision: Union[str, None] = 'a'  # rechained\n", { id: "b", after: ["a"] }],
    [
      'revision = "m"\ndown_revision = (\n    "a",\n    "b",\n)\ndepends_on = "c"\n',
      { id: "m", after: ["a", "b", "c"] },
    ],
    ['def upgrade():\n    revision = "x"\n', undefined],
  ])("is read from its file: %j", (text, revision) => {
    expect(parseRevision(text)).toEqual(revision);
  });

  it("comes after all that it says, whatever the files' names and dates say, and its whole id counts", () => {
    const chain = [
      { id: "r1e2s3o4l5v6u7", after: ["add_factor"] },
      { id: "r1e2s3o4l5v6", after: ["first"] },
      { id: "add_factor", after: ["r1e2s3o4l5v6", "side"] },
      { id: "side", after: ["first", "gone"] },
      { id: "first", after: [] },
    ];
    expect(withEarlier(["r1e2s3o4l5v6"], chain)).toEqual(["first", "r1e2s3o4l5v6"]);
    expect(withEarlier(["r1e2s3o4l5v6u7"], chain)).toEqual([
      ...["first", "r1e2s3o4l5v6", "side", "add_factor", "r1e2s3o4l5v6u7"],
    ]);
    expect(withEarlier(["r1e2"], chain)).toEqual([]);
    expect(withLater("add_factor", chain)).toEqual(["add_factor", "r1e2s3o4l5v6u7"]);
    expect(withLater("r1e2s3o4l5v6", chain)).toEqual(["r1e2s3o4l5v6", "add_factor", "r1e2s3o4l5v6u7"]);
  });

  it("may stand at the end of a long chain, or in a circle", () => {
    const long = Array.from({ length: 20_000 }, (_, n) => ({ id: `${n}`, after: n === 0 ? [] : [`${n - 1}`] }));
    expect(withEarlier(["19999"], long)).toHaveLength(20_000);
    expect(
      withEarlier(
        ["a"],
        [
          { id: "a", after: ["b"] },
          { id: "b", after: ["a"] },
        ],
      ),
    ).toEqual(["b", "a"]);
  });
});
