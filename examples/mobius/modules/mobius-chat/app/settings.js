/** What both processes read from their environment. */
export function readSettings(environment) {
  return {
    queueType: environment.QUEUE_TYPE ?? "",
    /** Names the queue; API and worker meet only when it is the same text in both. */
    queue: environment.REDIS_URL ?? "",
    liveStream: environment.CHAT_LIVE_STREAM === "true",
    corsOrigins: (environment.CHAT_CORS_ORIGINS ?? "").split(",").filter(Boolean),
  };
}
