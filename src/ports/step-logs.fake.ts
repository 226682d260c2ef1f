import type { StepLogs } from "./step-logs.ts";

/** Logs in memory that hold the engine's own lines; raw output is an executor's, and its fake has none. */
export function createMemoryStepLogs(): StepLogs {
  const texts = new Map<string, string>();
  const open = new Set<string>();
  return {
    async open({ id }) {
      open.add(id);
      return {
        async line(text) {
          texts.set(id, `${texts.get(id) ?? ""}${text}\n`);
        },
        stepFile: (step, attempt) => `${id}/step-${step}-try-${attempt}.log`,
        stepStarted: async () => {},
        stepEnded: async () => {},
        async close() {
          open.delete(id);
        },
      };
    },
    async read({ build, fromByte }) {
      const bytes = new TextEncoder().encode(texts.get(build) ?? "").subarray(fromByte);
      return { text: new TextDecoder().decode(bytes), next: fromByte + bytes.length };
    },
    async lines({ build, fromLine, count }) {
      let fromByte = 0;
      const all = (texts.get(build) ?? "").split("\n").map((text) => {
        const bytes = new TextEncoder().encode(text).length;
        fromByte += bytes + 1;
        return { text, fromByte: fromByte - bytes - 1, bytes };
      });
      all.pop(); // each line here has its break
      return { lines: all.slice(fromLine, fromLine + count), total: all.length };
    },
    async *follow(request, signal) {
      let at = request.fromByte;
      while (!signal.aborted) {
        const isOpen = open.has(request.build);
        const { text, next } = await this.read({ ...request, fromByte: at });
        at = next;
        if (text !== "") yield text;
        else if (!isOpen) return;
        else await Promise.resolve();
      }
    },
  };
}
