import { DefaultAzureCredential } from "@azure/identity";
import { Secret } from "../../domain/secret.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { messageOf } from "../../domain/errors.ts";

let credential: DefaultAzureCredential | undefined;

/** A token of whoever is logged in here (az login, a managed identity, the environment) for a deployment in Azure. */
export const entraToken = async (audience: string): Promise<Secret> => {
  credential ??= new DefaultAzureCredential();
  try {
    const { token } = await credential.getToken(`${audience.replace(/\/+$/, "")}/.default`);
    return new Secret(token);
  } catch (error) {
    const [first = ""] = messageOf(error).split("\n");
    throw new CommandFailure(
      exitCodes.notAllowed,
      "NoToken",
      `Entra gave no token for ${audience}: ${first} Log in with \`az login\`, or use a key.`,
      { cause: error },
    );
  }
};
