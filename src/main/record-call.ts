/**
 * Stands in for a program that reaches outside, in a recorded run of a script: tells the recording endpoint how it was called
 * and answers with what that says. Arguments: the endpoint's address, the program's name, and then its own.
 */
const [endpoint = "", program = "", ...argv] = process.argv.slice(2);
const project = process.env.CLOUDSDK_CORE_PROJECT;
const response = await fetch(`${endpoint}/calls`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ program, argv, ...(project ? { project } : {}) }),
  signal: AbortSignal.timeout(10_000),
});
const { stdout, stderr, exit } = (await response.json()) as { stdout: string; stderr: string; exit: number };
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exit;
