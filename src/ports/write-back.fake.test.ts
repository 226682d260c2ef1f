import { describeWriteBack } from "./write-back.contract.ts";
import { createMemoryWriteBack } from "./write-back.fake.ts";

describeWriteBack("memory", async () => {
  const writeBack = createMemoryWriteBack();
  return {
    writeBack,
    read: async (path) => writeBack.files.get(path)?.trimEnd(),
    subjects: async () => writeBack.commits.map(({ subject }) => subject).reverse(),
    push: async (path, text) => writeBack.push(path, text),
    remove: async () => writeBack.remove(),
    [Symbol.asyncDispose]: async () => {},
  };
});
