import type { CommandDefinition } from "../command.ts";
import { site, yes } from "./shared-definitions.ts";

/** The commands that describe sites to an installation and make its keys, in the order of the help. */
export const manageDefinitions: readonly CommandDefinition[] = [
  {
    name: "site add",
    about: "describe a site to the service, and tell what it finds",
    arguments: [
      { name: "NAME", about: "what to call it: shop, or shop/staging for a slot" },
      { name: "FOLDER", about: "where its files lie, on the service's machine", completes: "folder" },
    ],
    options: [
      { flags: "--home", about: "FOLDER holds site/wwwroot, as the home of an App Service app does" },
      { flags: "--wwwroot", about: "FOLDER is what is served; without either flag lifeboat looks which it is" },
      {
        flags: "--directory <name=folder>",
        about: "another folder that belongs to it, and its name in backups; may be given again",
        isRepeatable: true,
      },
      { flags: "--wordpress", about: "take its database from its wp-config.php" },
      {
        flags: "--connection-string <name=source>",
        about: "a connection string, from SOURCE: a file, env:VARIABLE, or - to type it unseen; may be given again",
        isRepeatable: true,
      },
      {
        flags: "--app-settings-file <file>",
        about: "its app settings: lines of NAME=VALUE, or JSON",
        completes: "file",
      },
    ],
    examples: [
      ["lifeboat site add shop /srv/shop", "files, size, and what the filter leaves out"],
      ["lifeboat site add shop /srv/shop --directory uploads=/mnt/uploads", "with a second folder"],
      ["lifeboat site add blog /srv/blog --wordpress", "with the database that its wp-config.php names"],
      ["lifeboat site add crm /srv/crm --connection-string main=env:DATABASE_URL", "with one that a variable names"],
    ],
    load: async () => (await import("../commands/site.ts")).addSite,
  },
  {
    name: "site list",
    about: "list the sites and where their files lie",
    examples: [["lifeboat site list", "all of them, slots too"]],
    load: async () => (await import("../commands/site.ts")).listSites,
  },
  {
    name: "site remove",
    about: "forget a site; its files and its backups stay",
    arguments: [site],
    options: [yes],
    examples: [["lifeboat site remove shop", "asks before it does"]],
    load: async () => (await import("../commands/site.ts")).removeSite,
  },
  {
    name: "keys list",
    about: "list the keys by which callers are known",
    examples: [["lifeboat keys list", "names, roles, last use; never a secret"]],
    load: async () => (await import("../commands/keys.ts")).listKeys,
  },
  {
    name: "keys add",
    about: "make a key, and write its secret into a new file",
    arguments: [{ name: "NAME", about: "what to call it" }],
    options: [
      { flags: "--role <role>", about: "reader, operator or admin" },
      {
        flags: "--site <site>",
        about: "only this site, with its slots; without it all; may be given again",
        isRepeatable: true,
        completes: "site",
      },
      { flags: "--expires <when>", about: "when it ends: 30d, or a date; without it never" },
      { flags: "--output <file>", about: "where its secret goes; without it NAME.key", completes: "file" },
      { flags: "--file <file>", about: "the same", isHidden: true, completes: "file" },
    ],
    examples: [["lifeboat keys add nightly --role operator --site shop", "a key for one site, in nightly.key"]],
    load: async () => (await import("../commands/keys.ts")).addKey,
  },
  {
    name: "keys revoke",
    about: "revoke a key",
    arguments: [{ name: "NAME", about: "the key's name" }],
    options: [yes],
    examples: [["lifeboat keys revoke nightly", "whoever uses it is shut out"]],
    load: async () => (await import("../commands/keys.ts")).revokeKey,
  },
];
