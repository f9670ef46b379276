import { expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import { siteStateView } from "../../../src/cli/sites/site-state-view.ts";

const backup = (status: string) => ({ id: 1, status, created: "2026-11-21T12:00:00Z", sizeInBytes: 1 });
const stateOf = (properties: object) =>
  siteStateView(answerOf({ name: "shop", id: "/sites/shop", properties: { restorableBackups: 0, ...properties } }))
    .state;

it.each([
  ["no backup", {}],
  ["ok", { last: backup("Succeeded"), lastGood: backup("Succeeded"), restorableBackups: 1 }],
  ["partial", { last: backup("PartiallySucceeded"), lastGood: backup("PartiallySucceeded"), restorableBackups: 1 }],
  ["failing", { last: backup("Failed"), restorableBackups: 1 }],
  ["damaged", { last: backup("Succeeded"), restorableBackups: 1 }],
  ["damaged", { last: backup("PartiallySucceeded"), restorableBackups: 2 }],
])("a site's state is %s of %o", (state, properties) => {
  expect(stateOf(properties)).toBe(state);
});
