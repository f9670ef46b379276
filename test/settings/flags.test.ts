import { describe, expect, it } from "vitest";
import { readFlags } from "../../src/settings/flags.ts";

describe("the flags of npm start", () => {
  it("are the settings, with a blank or a sign of equality in between", () => {
    const { values, problems } = readFlags(["--data", "/srv/lifeboat", '--schedule={"a":"="}', "--tls-key", "key.pem"]);
    expect(values).toEqual({
      LIFEBOAT_DATA: "/srv/lifeboat",
      LIFEBOAT_SCHEDULE: '{"a":"="}',
      LIFEBOAT_TLS_KEY: "key.pem",
    });
    expect(problems).toEqual([]);
  });

  it.each([
    [["--prot", "1"], "--prot: no such flag. Did you mean --port?"],
    [["--colour", "1"], "--colour: no such flag. docs/settings.md lists them."],
    [["--data"], "--data: a value has to follow it."],
    [["--data", "--port", "1"], "--data: a value has to follow it."],
    // What npm hands over of "npm start --port 1".
    [["1"], '"1" belongs to no flag. Flags stand behind a double hyphen: npm start -- --port 7071'],
  ])("that are wrong are named with the next move: %j", (given, problem) => {
    expect(readFlags(given).problems).toEqual([problem]);
  });

  it("hold no secret, and repeat none that was given as one", () => {
    const { problems, values } = readFlags(["--bootstrap-key", "planted", "--smtp=planted", "--port", "1"]);
    expect(problems).toEqual([
      expect.stringContaining("Set LIFEBOAT_BOOTSTRAP_KEY in the environment."),
      expect.stringContaining("Set LIFEBOAT_SMTP in the environment."),
    ]);
    expect(problems.join()).not.toContain("planted");
    expect(values).toEqual({ LIFEBOAT_PORT: "1" });
  });

  it("tells all problems at once", () => {
    expect(readFlags(["--prot", "1", "--tls-prot", "2"]).problems).toHaveLength(2);
  });
});
