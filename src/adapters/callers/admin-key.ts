import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { errorCode } from "../../domain/error-code.ts";
import { Secret } from "../../domain/secret.ts";

const keyFile = z.object({
  id: z.string().min(1),
  secret: z
    .string()
    .min(24)
    .transform((text) => new Secret(text)),
});
type AdminKey = z.infer<typeof keyFile>;

export const adminKeyFile = (dataFolder: string): string => join(dataFolder, "admin-key");

/** The key of the data folder: one line of JSON. Undefined when there is none yet; a file of another form throws. */
export const readAdminKey = (dataFolder: string): AdminKey | undefined => {
  const file = adminKeyFile(dataFolder);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new Error(`The key file ${file} cannot be read: ${String(error)}`, { cause: error });
  }
  const parsed = keyFile.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new Error(
      `The key file ${file} does not hold {"id":...,"secret":...}. Remove it, and the next start makes a new one.`,
    );
  return parsed.data;
};

/** Makes the key on first start: mode 0600, and whole or not there at all. True when this call made it. */
export const ensureAdminKey = (dataFolder: string): boolean => {
  if (readAdminKey(dataFolder) !== undefined) return false;
  const made = { id: "admin", secret: randomBytes(32).toString("base64url") };
  const file = adminKeyFile(dataFolder);
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(made)}\n`, { mode: 0o600, flag: "wx", flush: true });
    linkSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
  return true;
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
