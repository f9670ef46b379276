/** What part of a body a request's Range header asks for. */
type WantedRange =
  /** No range, or one that is not understood: the whole, as HTTP has it. */
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly from: number; readonly to: number }
  /** Nothing of it lies in the body. */
  | { readonly kind: "outside" };

const whole: WantedRange = { kind: "whole" };

/** Reads one range of bytes (`bytes=0-99`, `bytes=100-`, `bytes=-100`); several at once are answered with the whole. */
export const wantedRange = (header: string | null, sizeBytes: number): WantedRange => {
  const [, first = "", last = ""] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? "") ?? [];
  if (first === "" && last === "") return whole;
  if (first === "") {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? { kind: "outside" } : { kind: "part", from: sizeBytes - length, to: sizeBytes };
  }
  const from = Number(first);
  if (last !== "" && Number(last) < from) return whole;
  if (from >= sizeBytes) return { kind: "outside" };
  return { kind: "part", from, to: last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
};
