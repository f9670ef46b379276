import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { errorCode } from "../../domain/error-code.ts";
import { jsonOf } from "../../domain/json-of.ts";
import { Secret } from "../../domain/secret.ts";
import { makePrivateFile } from "../machine/private-file.ts";

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

/** Makes the key on first start. True when this call made it. */
export const ensureAdminKey = async (dataFolder: string): Promise<boolean> => {
  if (readAdminKey(dataFolder) !== undefined) return false;
  const made = `${JSON.stringify({ id: "admin", secret: randomBytes(32).toString("base64url") })}\n`;
  return (await makePrivateFile(adminKeyFile(dataFolder), made)) === made;
};
