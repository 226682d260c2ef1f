import { foreignTo } from "../manifest/environment-identifiers.ts";
import type { JudgeRequest, ScriptFinding } from "./script-finding.ts";

/** A read that waits for a person: with a prompt, without an echo, or from the terminal itself. */
const TERMINAL_READ = /^\s*(?:[^#]*[;&|]\s*)?read\s+(?:(?:-\w+\s+)*-\w*[ps]|.*<\s*\/dev\/tty)/;

/** What is wrong in a script's text, whether or not its run came by it. */
export function judgeText({ platform, environment, script }: JudgeRequest): readonly ScriptFinding[] {
  const findForeign = foreignTo(platform, environment);
  return script.split("\n").flatMap((line, index): ScriptFinding[] => {
    const findings: ScriptFinding[] = [];
    if (TERMINAL_READ.test(line)) {
      const text = `Line ${index + 1} reads from a terminal, and a release has none.`;
      findings.push({
        kind: "terminal-read",
        severity: "error",
        text,
        fix: "Take the value from a variable, or a secret.",
      });
    }
    // A default stands behind `:-`, which would make a dash the beginning of a name.
    const [foreign] = /^\s*#/.test(line) ? [] : findForeign(line.replaceAll(":-", " "));
    if (foreign !== undefined) {
      const text = `Line ${index + 1} names what is ${foreign.owner.name}'s.`;
      const fix = `Let the script take it from its arguments or the manifest of ${environment.name}.`;
      findings.push({ kind: "foreign", severity: "warning", text, fix });
    }
    return findings;
  });
}
