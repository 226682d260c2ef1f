/**
 * Runs in a namespace of its own, where the folder given is on a disk of 4 MiB: prints what became of output that did not fit,
 * as one line of JSON. Run by `output.test.ts`.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openOutputFile } from "../../src/adapters/executors/output-file.ts";
import { createStepLogs } from "../../src/adapters/logs/step-logs.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";

const [folder = ""] = process.argv.slice(2);
const CHUNK = Buffer.from(`${"x".repeat(63)}\n`.repeat(1024));
/** More than the disk has. */
const CHUNKS = 100;

/** A step prints more than there is space for, and goes on once somebody made space. */
function outputFile(
  name: string,
  makeSpace: () => void,
): { readonly tail: string; readonly losses: number; readonly missing: number } {
  const path = join(folder, name);
  const file = openOutputFile(path);
  for (let chunk = 0; chunk < CHUNKS; chunk++) file.append(CHUNK);
  makeSpace();
  file.append(Buffer.from("last\n"));
  file.close();
  const text = readFileSync(path, "latin1");
  const said = [...text.matchAll(/\[(\d+) bytes of output were lost: no space left on device\]\n/g)];
  const kept = text.length - said.reduce((sum, [line]) => sum + line.length, 0);
  rmSync(path);
  const all = CHUNKS * CHUNK.length + "last\n".length;
  return { tail: text.slice(-70), losses: said.length, missing: all - kept - Number(said[0]?.[1]) };
}

const filler = join(folder, "filler");
writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024));
const spaceAgain = outputFile("a.log", () => rmSync(filler));
const neverAgain = outputFile("b.log", () => {});

const logs = createStepLogs({ buildsDirectory: folder, clock: systemClock });
const log = await logs.open({ id: "b1", stepIds: [undefined, undefined] });
writeFileSync(log.stepFile(0, 1), Buffer.concat(Array.from({ length: 36 }, () => CHUNK)));
await log.stepStarted(0, 1);
await log.stepEnded(0);
await log.line("while it is full");
rmSync(log.stepFile(0, 1));
await log.line("DONE");
await log.close();
const buildLog = readFileSync(join(folder, "b1", "log.txt"), "latin1").slice(-200);
process.stdout.write(JSON.stringify({ spaceAgain, neverAgain, buildLog }));
