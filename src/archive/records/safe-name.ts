import type { BytePath } from "../../domain/byte-path.ts";

/**
 * Why a path must not be unpacked anywhere, or undefined when it is safe. What only some targets cannot hold
 * (backslashes, drive letters, reserved names, trailing dots) is the target's own check.
 */
export const nameFault = (path: BytePath): string | undefined => {
  if (path === "") return "It has no name.";
  if (path.includes("\0")) return "Its name holds a NUL character.";
  if (path.startsWith("/")) return "Its name is an absolute path.";
  // Nearly all names have dots, but none at the beginning of a segment.
  const isPlain = !path.startsWith(".") && !path.includes("/.") && !path.includes("//") && !path.endsWith("/");
  if (isPlain) return undefined;
  for (const segment of path.split("/")) {
    if (segment === "") return "Its name has an empty segment.";
    if (segment === "." || segment === "..") return `Its name has the segment "${segment}".`;
  }
  return undefined;
};
