/** One commit of a sample repository's history, on top of the one before it in the list. */
export interface SampleCommit {
  /** What manifests call it; the last commit without a name is the one that they pin. */
  readonly name?: string;
  /** Default `main`. A branch begins at the commit before it in the list. */
  readonly branch?: string;
  /** An annotated tag on this commit. */
  readonly tag?: string;
  readonly message: string;
  readonly author: SampleAuthor;
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** Files of the repository's folder that it adds (rules: `matchesGlob`). */
  readonly files: readonly string[];
  /** Folder of `variants/` whose files it writes over the tree. */
  readonly variant?: string;
}

export interface SampleRepository {
  readonly module: string;
  /** Folder of `modules/` with its files, and its place in the umbrella. */
  readonly folder: string;
  /** The remote's name without `.git`: it is not always the module's. */
  readonly remote: string;
  readonly commits: readonly SampleCommit[];
}

export type SampleAuthor = keyof typeof SAMPLE_AUTHORS;

/** The people of the sample: fixed, so that commits are the same on every machine. */
export const SAMPLE_AUTHORS = {
  ada: "Ada Okafor <ada@mobius.example>",
  bruno: "Bruno Lima <bruno@mobius.example>",
  chen: "Chen Wei <chen@mobius.example>",
} as const;

const START = ["README.md", "package.json", ".gitignore"];
const EVERYTHING = ["**"];

/** The sample's module repositories with their histories. Which trap is where: `examples/mobius/README.md`. */
export const SAMPLE_REPOSITORIES: readonly SampleRepository[] = [
  {
    module: "mobius-os",
    folder: "mobius-os",
    remote: "MOBIUS-OS-NEW",
    commits: [
      { message: "Start the back end", author: "ada", at: "2026-01-08T09:00:00Z", files: [...START, "**/001_*.sql"] },
      { message: "Serve people and their tokens", author: "ada", at: "2026-01-20T15:30:00Z", files: ["**/*.js"] },
      { message: "Let people choose a name", author: "bruno", at: "2026-02-03T11:10:00Z", files: EVERYTHING },
    ],
  },
  {
    module: "mobius-rag",
    folder: "mobius-rag",
    remote: "Mobius-RAG",
    commits: [
      { message: "Start retrieval", author: "chen", at: "2026-01-09T10:00:00Z", files: [...START, "app/*.js"] },
      {
        message: "Chunk documents in a worker of its own",
        author: "chen",
        at: "2026-01-22T13:45:00Z",
        files: ["server.js", "chunking_worker.js", "**/add_chunking_jobs.sql"],
      },
      {
        message: "Embed and publish passages",
        author: "bruno",
        at: "2026-02-05T16:20:00Z",
        files: EVERYTHING,
        tag: "v1.2.0",
      },
    ],
  },
  {
    module: "mobius-chat",
    folder: "mobius-chat",
    remote: "mobius-chat",
    commits: [
      { message: "Start conversations", author: "bruno", at: "2026-01-10T08:30:00Z", files: [...START, "**/00*.sql"] },
      { message: "Answer through a queue", author: "bruno", at: "2026-01-27T14:00:00Z", files: ["**/*.js", "**/017*"] },
      { message: "Call replies answers", author: "ada", at: "2026-02-06T09:40:00Z", files: EVERYTHING },
      {
        name: "feature/queue-settings",
        branch: "feature/queue-settings",
        message: "Read the queue type from CHAT_QUEUE_TYPE",
        author: "chen",
        at: "2026-02-09T17:55:00Z",
        files: [],
        variant: "mobius-chat-failing",
      },
    ],
  },
  {
    module: "mobius-dbt",
    folder: "mobius-dbt",
    remote: "mobius-dbt",
    commits: [
      { message: "Start the models", author: "chen", at: "2026-01-13T12:00:00Z", files: [...START, "models"] },
      { message: "Show the models", author: "chen", at: "2026-01-29T10:15:00Z", files: ["server.js", "**/*models.js"] },
      { message: "Release by a script of its own", author: "ada", at: "2026-02-04T18:05:00Z", files: EVERYTHING },
    ],
  },
  {
    module: "mobius-auth",
    folder: "mobius-auth",
    remote: "mobius-auth",
    commits: [
      { message: "Start the library", author: "ada", at: "2026-01-07T09:20:00Z", files: START },
      { message: "Sign and read tokens", author: "ada", at: "2026-01-15T11:00:00Z", files: EVERYTHING },
    ],
  },
  {
    module: "mobius-skills",
    folder: "mobius-skills",
    remote: "mobius-web-scrapper",
    commits: [
      { message: "Start the skills", author: "bruno", at: "2026-01-14T09:00:00Z", files: START },
      { message: "Read pages", author: "bruno", at: "2026-01-30T15:00:00Z", files: EVERYTHING },
      {
        name: "next",
        message: "Tell a page's language",
        author: "chen",
        at: "2026-02-10T10:30:00Z",
        files: [],
        variant: "mobius-skills-next",
      },
    ],
  },
  {
    module: "mobius-user",
    folder: "Mobius-user",
    remote: "Mobius-user",
    commits: [
      { message: "Start accounts", author: "ada", at: "2026-01-12T10:00:00Z", files: [...START, "**/001_*.sql"] },
      { message: "Record access", author: "ada", at: "2026-02-02T12:30:00Z", files: EVERYTHING },
    ],
  },
  {
    module: "mobius-qa",
    folder: "mobius-qa",
    remote: "mobius-qa",
    commits: [
      { message: "Start the suites", author: "chen", at: "2026-01-16T09:00:00Z", files: START },
      { message: "Ask the chat", author: "chen", at: "2026-02-01T16:45:00Z", files: EVERYTHING },
    ],
  },
  {
    module: "mobius-contracts",
    folder: "mobius-contracts",
    remote: "mobius-contracts",
    commits: [
      { message: "Start the contracts", author: "bruno", at: "2026-01-05T08:00:00Z", files: START },
      {
        message: "Speak to PostgreSQL",
        author: "bruno",
        at: "2026-01-11T19:00:00Z",
        files: ["postgres.js", "scram.js", "wire.js"],
      },
      { message: "Give services and workers a frame", author: "chen", at: "2026-01-18T13:00:00Z", files: EVERYTHING },
    ],
  },
];

/** The umbrella's history; its last commit, with the manifests, is made on the sample's own date. */
export const UMBRELLA_COMMITS: readonly SampleCommit[] = [
  {
    message: "Start the umbrella: module hub and core skills",
    author: "ada",
    at: "2026-01-12T08:00:00Z",
    files: [...START, "*.js", "mobius-skills-core"],
  },
  { message: "Describe the platform", author: "bruno", at: "2026-02-11T09:00:00Z", files: EVERYTHING },
];
