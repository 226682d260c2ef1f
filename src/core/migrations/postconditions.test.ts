import { expect, it } from "vitest";
import { postconditionsOf } from "./postconditions.ts";

it.each([
  [
    "-- postcondition: SELECT to_regclass('t') IS NOT NULL;\nCREATE TABLE t ();\n",
    ["SELECT to_regclass('t') IS NOT NULL"],
  ],
  ["#!/bin/sh\n  # postcondition: SELECT true\n//postcondition:SELECT 1 = 1\r\n", ["SELECT true", "SELECT 1 = 1\r"]],
  ["SELECT 1; -- postcondition: SELECT false\n-- no postcondition at all\n", []],
])("the postconditions of a file are whole comment lines: %j", (text, found) => {
  expect(postconditionsOf(text)).toEqual(found.map((each) => each.trim()));
});
