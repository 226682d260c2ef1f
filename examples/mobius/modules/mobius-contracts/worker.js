import { serve } from "./service.js";

/** Between two looks at an empty queue. */
const IDLE_MS = 200;
const AFTER_ERROR_MS = 1_000;

/**
 * Runs a worker: `takeOne` does one piece of work and says whether there was any. `/health` is 503 when the loop is
 * dead: a worker that answers 200 and does nothing is the failure that nobody notices.
 */
export function runWorker({ takeOne, stop = async () => {} }) {
  const state = { handled: 0, errors: 0, isStopping: false, lastLook: Date.now() };
  const loop = work(state, takeOne);
  serve({
    routes: {
      "GET /health": () => health(state),
    },
    async stop() {
      state.isStopping = true;
      await loop;
      await stop();
    },
  });
}

function health({ handled, errors, lastLook }) {
  const isAlive = Date.now() - lastLook < 30_000;
  const body = { status: isAlive ? "ok" : "stuck", handled, errors };
  return { isAnswer: true, status: isAlive ? 200 : 503, body, type: "application/json" };
}

async function work(state, takeOne) {
  while (!state.isStopping) {
    state.lastLook = Date.now();
    let pause = IDLE_MS;
    try {
      if (await takeOne()) {
        state.handled += 1;
        continue;
      }
    } catch (error) {
      state.errors += 1;
      pause = AFTER_ERROR_MS;
      console.error(`work failed: ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
