import { describeBuilds } from "./builds.contract.ts";
import { createFakeBuilds } from "./builds.fake.ts";

describeBuilds("fake", async () => {
  const builds = createFakeBuilds();
  return {
    builds,
    project: "mobius-staging",
    settle: async ({ id }, status, detail) => builds.settle(id, status, detail),
    [Symbol.asyncDispose]: async () => {},
  };
});
