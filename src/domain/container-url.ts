import { refuse } from "./errors.ts";
import { Secret } from "./secret.ts";

/** A container's URL without anything secret, and the SAS that came with it. */
export interface ContainerAccess {
  readonly container: string;
  readonly credential?: Secret;
}

/** Takes `https://account.blob.core.windows.net/container?sas` or `file:///folder` apart; the SAS never shows in an error. */
export const parseContainerUrl = (given: Secret, field: string): ContainerAccess => {
  const text = given.reveal().trim();
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse("InvalidField", {
      field,
      reason: "it is not a URL. Expected https://ACCOUNT/CONTAINER?SAS or file:///FOLDER.",
    });
  }
  if (url.protocol === "file:") return { container: url.href.replace(/\/+$/, "") };
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw refuse("InvalidField", { field, reason: `its scheme is ${url.protocol} Expected https: or file:.` });
  if (url.username !== "" || url.password !== "")
    throw refuse("InvalidField", { field, reason: "a user name or password in it is not allowed. Use a SAS." });
  if (url.pathname.replace(/\//g, "") === "")
    throw refuse("InvalidField", { field, reason: "it names no container. Expected https://ACCOUNT/CONTAINER?SAS." });
  const credential = url.search.replace(/^\?/, "");
  const container = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
  return credential === "" ? { container } : { container, credential: new Secret(credential) };
};

/** Back to one URL, for those who may see it. */
export const fullContainerUrl = ({ container, credential }: ContainerAccess): Secret =>
  new Secret(credential === undefined ? container : `${container}?${credential.reveal()}`);
