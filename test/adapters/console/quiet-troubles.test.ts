import { beforeEach, describe, expect, it } from "vitest";
import { quietTroubles } from "../../../src/adapters/console/quiet-troubles.ts";

let seconds: number;
let tell: (line: string) => string | undefined;
beforeEach(() => {
  seconds = 0;
  const told = quietTroubles();
  tell = (line) => told(new Date(seconds * 1_000), line);
});

const full = "Host.Durable: The disk that holds runs.db is full. Free some space on it.";

describe("troubles on the console", () => {
  it("are told once while they last, though the clock before and the waiting within differ", () => {
    expect(tell(`12:00:00 ${full} Trying again in 1 s.`)).toBe(`12:00:00 ${full} Trying again in 1 s.`);
    seconds += 20;
    expect(tell(`12:00:20 ${full} Trying again in 16 s.`)).toBeUndefined();
  });

  it("are each told when they are distinct", () => {
    for (const line of ["12:00:00 backup ended  backup=7", "12:00:00 backup ended  backup=8", full])
      expect(tell(line)).toBe(line);
  });

  it("are told again after an hour, with how often they happened", () => {
    expect(tell(full)).toBe(full);
    for (seconds = 30; seconds < 3_600; seconds += 30) expect(tell(full)).toBeUndefined();
    expect(tell(full)).toBe(`${full} (120 times in the last hour)`);
    seconds += 30;
    expect(tell(full)).toBeUndefined();
  });

  it("are told anew when they had been over", () => {
    expect(tell(full)).toBe(full);
    seconds += 30;
    expect(tell(full)).toBeUndefined();
    seconds += 120;
    expect(tell(full)).toBe(full);
  });

  it("are forgotten, the oldest first, when there are very many of them", () => {
    expect(tell(full)).toBe(full);
    for (let number = 0; number < 1_000; number++) tell(`other trouble ${number}`);
    expect(tell(full)).toBe(full);
  });
});
