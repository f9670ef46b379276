import type { CommandDefinition } from "./command.ts";

const site = { name: "SITE", about: "a site: shop, or shop/staging for a slot", completes: "site" } as const;
const yes = { flags: "--yes", about: "agree beforehand; nothing is asked" } as const;
const detach = { flags: "--detach", about: "begin, and return at once" } as const;
const dryRun = { flags: "--dry-run", about: "tell what it would do, and do nothing" } as const;

/** Every command, in the order of the help. docs/cli.md is checked against it. */
export const definitions: readonly CommandDefinition[] = [
  {
    name: "backup",
    about: "back a site up now",
    arguments: [site],
    options: [
      { flags: "--name <name>", about: "what to call it; a time stamp is appended where the name is taken" },
      { flags: "--to <url>", about: "a container or file: URL, without a SAS" },
      {
        flags: "--to-file <file>",
        about: "a file that holds the container's URL with its SAS; - to type it",
        completes: "file",
      },
      { flags: "--expires <when>", about: "when it may be removed: 30d, or a date; without it never" },
      dryRun,
      detach,
    ],
    examples: [
      ["lifeboat backup shop", "back it up and wait for the end"],
      ["lifeboat backup shop --name before-update --expires 30d", "a copy for a month"],
      ["lifeboat backup shop --dry-run", "what it would hold and leave out"],
    ],
    load: async () => (await import("./commands/backup.ts")).run,
  },
  {
    name: "list",
    about: "list backups, oldest first",
    arguments: [{ ...site, name: "[SITE]" }],
    examples: [
      ["lifeboat list", "those of all sites"],
      ["lifeboat list shop --json", "those of one site, for a script"],
    ],
    load: async () => (await import("./commands/list.ts")).run,
  },
  {
    name: "show",
    about: "tell all about one backup",
    arguments: [site, { name: "BACKUP", about: "its number, its name, or latest", completes: "backup" }],
    examples: [["lifeboat show shop latest", "the newest that can be restored"]],
    load: async () => (await import("./commands/show.ts")).run,
  },
  {
    name: "restore",
    about: "restore a site from a backup, or unpack it into a folder",
    arguments: [
      site,
      { name: "[BACKUP]", about: "its number, its name, or latest; without it you are asked", completes: "backup" },
    ],
    options: [
      { flags: "--path <path...>", about: "only this path below the site's home, and what is in it" },
      {
        flags: "--to <target>",
        about: "another site, or a folder of this machine (./old, /tmp/old)",
        completes: "folder",
      },
      { flags: "--overwrite", about: "with --to SITE: also when that site holds something" },
      { flags: "--configuration", about: "also put back app settings and connection strings" },
      { flags: "--quick", about: "take equal size and time for unchanged, without comparing contents" },
      dryRun,
      detach,
      yes,
    ],
    examples: [
      ["lifeboat restore shop", "choose a backup, see what would change, agree, restore"],
      ["lifeboat restore shop 7 --dry-run", "only see what would change"],
      ["lifeboat restore shop latest --path site/wwwroot/images --yes", "one folder, without a question"],
      ["lifeboat restore shop 7 --to shop-copy", "make a second site of it"],
      ["lifeboat restore shop 7 --to ./old-shop", "unpack it here; no site is touched"],
    ],
    load: async () => (await import("./commands/restore.ts")).run,
  },
  {
    name: "undo",
    about: "take the last restore of a site back",
    arguments: [site],
    options: [detach, yes],
    examples: [["lifeboat undo shop", "what the restore replaced comes back"]],
    load: async () => (await import("./commands/undo.ts")).run,
  },
  {
    name: "verify",
    about: "read a whole backup and tell what is damaged",
    arguments: [
      site,
      { name: "[BACKUP]", about: "its number, its name, or latest (the default)", completes: "backup" },
    ],
    options: [{ flags: "--quick", about: "compare checksums only; nothing is unpacked" }, detach],
    examples: [["lifeboat verify shop", "the newest that can be restored"]],
    load: async () => (await import("./commands/verify.ts")).run,
  },
  {
    name: "watch",
    about: "show again how far something is",
    arguments: [
      site,
      { name: "[WHAT]", about: "a backup, or an operation's id; without it what runs now", completes: "backup" },
    ],
    examples: [["lifeboat watch shop", "whatever runs on it"]],
    load: async () => (await import("./commands/watch.ts")).run,
  },
];
