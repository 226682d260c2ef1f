import { readdirSync, readFileSync } from "node:fs";
import { MARK_VARIABLE, OWNER_VARIABLE } from "./supervisor-protocol.ts";

/** A running process that carries our mark, wherever it has gone since: own session, other parent. */
export interface MarkedProcess {
  readonly pid: number;
  readonly mark: string;
  readonly owner: string;
}

/**
 * All running processes whose mark is the given one or lies beneath it. Reads `/proc`, so it finds nothing where there
 * is none, and nothing of other users. A zombie is not running. With `startedBy`, the id of a process that ended a moment
 * ago, only what is younger than it is looked at: nothing that it started can be older.
 */
export function markedProcesses(mark: string, startedBy?: number): readonly MarkedProcess[] {
  const from = startedBy === undefined ? 0 : youngerThan(startedBy);
  return processIds().flatMap((pid) => {
    if (pid === process.pid || pid < from) return [];
    const found = readMark(pid);
    return found !== undefined && (found.mark === mark || found.mark.startsWith(`${mark}/`)) ? [found] : [];
  });
}

/** Sends a signal and says whether there was anything to send it to. A negative number is a group. */
export function signal(pid: number, name: NodeJS.Signals): "sent" | "gone" {
  try {
    process.kill(pid, name);
    return "sent";
  } catch {
    return "gone"; // ESRCH: ended already; EPERM: another user's, so no longer ours
  }
}

/** Ids grow, until they begin again from the bottom: then anything may be younger. */
function youngerThan(pid: number): number {
  try {
    const newest = Number(readFileSync("/proc/loadavg", "latin1").trim().split(" ").at(-1));
    return newest >= pid ? pid : 0;
  } catch {
    return 0;
  }
}

function processIds(): readonly number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}

function readMark(pid: number): MarkedProcess | undefined {
  try {
    // A zombie's environment reads as empty, so it drops out here.
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    const variable = (name: string) =>
      environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
    const mark = variable(MARK_VARIABLE);
    return mark === undefined ? undefined : { pid, mark, owner: variable(OWNER_VARIABLE) ?? "" };
  } catch {
    return undefined; // gone meanwhile, or another user's
  }
}
