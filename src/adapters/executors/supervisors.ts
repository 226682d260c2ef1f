/**
 * Runs processes on the host through supervisors (`main/supervisor.ts`), so that none outlives the server. Begin with
 * `createSupervisors`.
 */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import type { BuildNetwork } from "../../ports/build-network.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  ExitRecord,
  ProcessSpec,
  RunningProcess,
  Supervisor,
  SupervisorRequest,
  Supervisors,
} from "../../ports/processes.ts";
import { createListeners, type Listeners } from "./listeners.ts";
import { markedProcesses, signal } from "./marked-processes.ts";
import { openNetworkRelay } from "./network-relay.ts";
import { forgetLeftovers, HAS_PROC, type ProcessRecords, recordedLeftovers, recordProcess } from "./process-records.ts";
import { byteStrings } from "./step-environment.ts";
import { MARK_VARIABLE, OWNER_VARIABLE, type SupervisorCommand, type SupervisorReport } from "./supervisor-protocol.ts";

/** What leftovers get to end by themselves; a supervisor's own ladder takes 2 s. */
const SWEEP_GRACE_MS = 3_000;
/** After SIGKILL the kernel needs a moment; longer means that something cannot be killed. */
const SWEEP_KILL_MS = 5_000;
const POLL_MS = 20;

export interface SupervisorsOptions {
  /** Names this installation in marks; no slash. */
  readonly installationId: string;
  /** The Node that runs the supervisor. */
  readonly nodePath: string;
  readonly supervisorScript: string;
  readonly clock: Clock;
  /**
   * Where process ids are recorded on systems without `/proc` (default: nowhere, so that `sweep` finds nothing there).
   * `findLeftoversBy` is for tests.
   */
  readonly recordsDirectory?: string;
  readonly findLeftoversBy?: "marks" | "records";
}

/** Supervisors of one run of the server. Make it once: what another run started counts as left behind. */
export function createSupervisors(options: SupervisorsOptions): Supervisors {
  const owner = `${process.pid}-${options.clock.now()}`;
  const isRecorded = (options.findLeftoversBy ?? (HAS_PROC ? "marks" : "records")) === "records";
  const directory = options.recordsDirectory;
  const records = isRecorded && directory !== undefined ? { directory, owner } : undefined;
  return {
    async open({ name, directory, wrap, network }) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const mark = `${options.installationId}/${name}`;
      const kind = network === undefined ? "host" : "own";
      const opened = openSupervisor({ ...options, owner, mark, directory, records, wrap, network: kind });
      return network === undefined ? opened.supervisor : inNetwork(opened, network);
    },
    sweep: () =>
      isRecorded ? sweepRecorded(records, options.clock) : sweepMarked(options.installationId, owner, options.clock),
  };
}

interface Opening extends SupervisorsOptions {
  readonly owner: string;
  readonly mark: string;
  readonly directory: string;
  readonly records: ProcessRecords | undefined;
  readonly wrap: SupervisorRequest["wrap"];
  readonly network: "own" | "host";
}

interface Expected {
  readonly started: (pid: number | undefined) => void;
  readonly exited: (record: ExitRecord) => void;
  readonly lost: (reason: Error) => void;
}

interface Opened {
  readonly supervisor: Supervisor;
  /** In its own network; nothing can be opened in the host's. */
  readonly listeners: Listeners;
}

/** Lets in and out what the build may reach, as long as the supervisor is there. */
async function inNetwork({ supervisor, listeners }: Opened, network: BuildNetwork): Promise<Supervisor> {
  try {
    const relay = await openNetworkRelay(listeners, network);
    return {
      variables: relay.variables,
      start: (spec) => supervisor.start(spec),
      async close() {
        relay.close();
        await supervisor.close();
      },
    };
  } catch (cause) {
    await supervisor.close();
    throw cause;
  }
}

function openSupervisor(opening: Opening): Opened {
  const { wrap, nodePath, supervisorScript, directory, records, network } = opening;
  const own = [nodePath, supervisorScript, directory, records?.directory ?? ""];
  const [program = nodePath, ...args] = [...(wrap?.command ?? []), ...own];
  const child = spawn(program, args, {
    // A session of its own: Ctrl-C in a terminal reaches the server, and the server ends its supervisors in order.
    detached: true,
    env: {
      [MARK_VARIABLE]: opening.mark,
      [OWNER_VARIABLE]: opening.owner,
      ...(wrap === undefined ? {} : { PATH: wrap.path }),
    },
    stdio: ["pipe", "pipe", "inherit", ...(network === "own" ? (["ipc"] as const) : [])],
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("a supervisor was started without its pipes");
  if (opening.records !== undefined && child.pid !== undefined) recordProcess(opening.records, child.pid);
  const expected = new Map<string, Expected>();
  let fault: Error | undefined;
  const isGone = new Promise<void>((resolve) => {
    const gone = () => {
      fault ??= new Error(`the supervisor of ${opening.mark} ended`);
      for (const { lost } of expected.values()) lost(fault);
      expected.clear();
      resolve();
    };
    child.on("error", gone);
    child.on("exit", gone);
  });
  stdin.on("error", () => {}); // it has ended; `exit` says so
  createInterface({ input: stdout }).on("line", (line) => {
    const report = read(line);
    if (report !== undefined) take(report, expected);
  });
  const send = (command: SupervisorCommand) => {
    stdin.write(`${JSON.stringify(command)}\n`);
  };
  const supervisor: Supervisor = {
    variables: {},
    start: (spec) => (fault === undefined ? startProcess(spec, { send, expected }) : Promise.reject(fault)),
    async close() {
      stdin.end();
      await isGone;
      await endAll(() => markedProcesses(opening.mark), { clock: opening.clock, graceMs: 0 });
    },
  };
  return { supervisor, listeners: createListeners(child) };
}

/** A supervisor that is killed in the middle of a line leaves half of one; its exit follows. */
function read(line: string): SupervisorReport | undefined {
  try {
    return JSON.parse(line) as SupervisorReport;
  } catch {
    return undefined;
  }
}

function take(report: SupervisorReport, expected: Map<string, Expected>): void {
  const waiting = expected.get(report.id);
  if (report.type === "started") {
    waiting?.started(report.pid);
    return;
  }
  expected.delete(report.id);
  waiting?.exited({ id: report.id, outcome: report.outcome });
}

interface Channel {
  readonly send: (command: SupervisorCommand) => void;
  readonly expected: Map<string, Expected>;
}

function startProcess(spec: ProcessSpec, { send, expected }: Channel): Promise<RunningProcess> {
  const { id, argv, wrap = [], cwd, env, logPath, mask = [], quotaBytes } = spec;
  return new Promise((resolve, reject) => {
    const exited = new Promise<ExitRecord>((settle, fail) => {
      const running = (pid: number | undefined) =>
        resolve({
          id,
          pid,
          exited,
          stop(graceMs) {
            send({ type: "stop", id, graceMs });
            return exited;
          },
        });
      expected.set(id, {
        started: running,
        exited: (record) => {
          settle(record);
          running(undefined); // no effect where it had started
        },
        lost: (reason) => {
          fail(reason);
          reject(reason);
        },
      });
    });
    exited.catch(() => {}); // whoever waits for it hears of it; nobody has to
    const values = byteStrings(mask.map((secret) => secret.reveal()));
    const quota = quotaBytes === undefined ? {} : { quotaBytes };
    send({ type: "start", id, argv, wrap, cwd, env, logPath, mask: values, ...quota });
  });
}

/** Ends what other runs of this installation's server left. Supervisors end by themselves once theirs have. */
async function sweepMarked(installationId: string, owner: string, clock: Clock): Promise<number> {
  const leftovers = () => markedProcesses(installationId).filter((found) => found.owner !== owner);
  const count = leftovers().length;
  await endAll(leftovers, { clock, graceMs: SWEEP_GRACE_MS });
  return count;
}

/** The same by records: each is the leader of a group, which ends with it. */
async function sweepRecorded(records: ProcessRecords | undefined, clock: Clock): Promise<number> {
  if (records === undefined) return 0;
  const leftovers = () => recordedLeftovers(records).map(({ pid }) => ({ pid: -pid }));
  const count = leftovers().length;
  await endAll(leftovers, { clock, graceMs: SWEEP_GRACE_MS });
  forgetLeftovers(records);
  return count;
}

async function endAll(
  find: () => readonly { readonly pid: number }[],
  { clock, graceMs }: { readonly clock: Clock; readonly graceMs: number },
): Promise<void> {
  if (graceMs > 0) for (const { pid } of find()) signal(pid, "SIGTERM");
  const graceEnds = clock.monotonicMs() + graceMs;
  const deadline = graceEnds + SWEEP_KILL_MS;
  for (let left = find(); left.length > 0 && clock.monotonicMs() < deadline; left = find()) {
    if (clock.monotonicMs() >= graceEnds) for (const { pid } of left) signal(pid, "SIGKILL");
    await clock.sleep(POLL_MS);
  }
}
