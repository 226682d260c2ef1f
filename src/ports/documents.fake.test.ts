import { describeDocuments } from "./documents.contract.ts";
import { createMemoryDocuments } from "./documents.fake.ts";

describeDocuments("memory", async () => ({
  documents: createMemoryDocuments(),
  [Symbol.asyncDispose]: async () => {},
}));
