import type { CommandDefinition } from "../command.ts";
import { connectionInWords } from "./connection-in-words.ts";
import { manageDefinitions } from "./manage-definitions.ts";
import { site, yes } from "./shared-definitions.ts";

const backup = { name: "BACKUP", about: "its number, its name, or latest", completes: "backup" } as const;
const to = { flags: "--to <url>", about: "a container or file: URL, without a SAS" } as const;
const toFile = {
  flags: "--to-file <file>",
  about: "a file that holds the container's URL with its SAS; - to type it",
  completes: "file",
} as const;
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
      to,
      toFile,
      { flags: "--expires <when>", about: "when it may be removed: 30d, or a date; without it never" },
      {
        flags: "--database <name>",
        about:
          "also this database, by the name of the site's connection string; all takes every one; may be given again",
        isRepeatable: true,
      },
      { flags: "--without-broken-databases", about: "go on without a database that cannot be dumped: done in part" },
      dryRun,
      detach,
    ],
    examples: [
      ["lifeboat backup shop", "back it up and wait for the end"],
      ["lifeboat backup shop --name before-update --expires 30d", "a copy for a month"],
      ["lifeboat backup shop --database all", "with the databases of its connection strings"],
      ["lifeboat backup shop --dry-run", "what it would hold and leave out"],
    ],
    load: async () => (await import("../commands/backup.ts")).run,
  },
  {
    name: "list",
    about: "list backups, oldest first",
    arguments: [{ ...site, name: "[SITE]" }],
    examples: [
      ["lifeboat list", "those of all sites"],
      ["lifeboat list shop --json", "those of one site, for a script"],
    ],
    load: async () => (await import("../commands/list.ts")).run,
  },
  {
    name: "show",
    about: "tell all about one backup",
    arguments: [site, backup],
    examples: [["lifeboat show shop latest", "the newest that can be restored"]],
    load: async () => (await import("../commands/show.ts")).run,
  },
  {
    name: "restore",
    about: "restore a site from a backup, or unpack it into a folder",
    arguments: [
      site,
      { name: "[BACKUP]", about: "its number, its name, or latest; without it you are asked", completes: "backup" },
    ],
    options: [
      {
        flags: "--path <path>",
        about: "only this path below the site's home, and what is in it; may be given again",
        isRepeatable: true,
      },
      {
        flags: "--from <url>",
        about: "take BACKUP, an archive's name, from this container or file: URL, without a SAS",
      },
      { ...toFile, flags: "--from-file <file>" },
      {
        flags: "--recovery-key-file <file>",
        about: "with --from: the recovery key that opens the settings in an archive of another installation",
        completes: "file",
      },
      {
        flags: "--allow-outside-links",
        about: "with --from: also restore links that lead out of the site, from an archive you trust",
      },
      {
        flags: "--allow-unknown-dumps",
        about: "with --from: load databases out of an archive you trust; a dump is a program",
      },
      {
        flags: "--to <target>",
        about: "another site, or a folder of this machine (./old, /tmp/old)",
        completes: "folder",
      },
      { flags: "--overwrite", about: "with --to SITE: also when that site holds something" },
      {
        flags: "--database <name>",
        about: "only this database of the backup; without it all, and none with --path; may be given again",
        isRepeatable: true,
      },
      { flags: "--databases-only", about: "leave the site's files as they are" },
      { flags: "--files-only", about: "leave databases as they are" },
      { flags: "--configuration", about: "also put back app settings and connection strings" },
      { flags: "--all-changes", about: "list every change beforehand, not only the first of each kind" },
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
      ["lifeboat restore shop nightly.zip --from file:///mnt/old/shop", "on a new machine, which knows no backup yet"],
      ["lifeboat restore shop 7 --to ./old-shop", "unpack it here; no site is touched"],
    ],
    load: async () => (await import("../commands/restore.ts")).run,
  },
  {
    name: "undo",
    about: "take the last restore of a site back",
    arguments: [site],
    options: [detach, yes],
    examples: [["lifeboat undo shop", "what the restore replaced comes back"]],
    load: async () => (await import("../commands/undo.ts")).run,
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
    load: async () => (await import("../commands/verify.ts")).run,
  },
  {
    name: "watch",
    about: "show again how far something is",
    arguments: [
      site,
      { name: "[WHAT]", about: "a backup, or an operation's id; without it what runs now", completes: "backup" },
    ],
    examples: [["lifeboat watch shop", "whatever runs on it"]],
    load: async () => (await import("../commands/watch.ts")).run,
  },
  {
    name: "cancel",
    about: "end what runs on a site, and leave it as it was before",
    arguments: [
      site,
      {
        name: "[WHAT]",
        about: "a backup, or an operation's id (a verify's has to be named); without it what runs now",
        completes: "backup",
      },
    ],
    options: [detach, yes],
    examples: [["lifeboat cancel shop", "stop a restore of the wrong site: it is put back"]],
    load: async () => (await import("../commands/cancel.ts")).run,
  },
  {
    name: "ls",
    about: "list a folder of a backup",
    arguments: [site, backup, { name: "[PATH]", about: "a folder below the site's home; without it the home itself" }],
    options: [{ flags: "--long", about: "with mode, size and time" }],
    examples: [["lifeboat ls shop latest site/wwwroot --long", "what the newest backup has there"]],
    load: async () => (await import("../commands/ls.ts")).run,
  },
  {
    name: "cat",
    about: "write one file of a backup to the standard output",
    arguments: [site, backup, { name: "PATH", about: "a file below the site's home" }],
    examples: [["lifeboat cat shop 7 site/wwwroot/index.html > index.html", "one file as it was"]],
    load: async () => (await import("../commands/cat.ts")).run,
  },
  {
    name: "get",
    about: "save a backup, or a selection of it, as an archive",
    arguments: [
      site,
      backup,
      { name: "[PATH...]", about: "files and folders below the site's home; without any the whole backup" },
    ],
    options: [
      {
        flags: "--output <file>",
        about: "where to; - is the standard output; without it a new name after the backup and what is taken of it",
        completes: "file",
      },
      { flags: "--overwrite", about: "also in the place of a file that is there" },
      { flags: "--format <format>", about: "zip (the default) or tar.gz" },
    ],
    examples: [
      ["lifeboat get shop 7", "the whole backup, as a zip in this folder"],
      ["lifeboat get shop latest site/wwwroot/images --format tar.gz", "one folder of it"],
    ],
    load: async () => (await import("../commands/get.ts")).run,
  },
  {
    name: "diff",
    about: "tell what differs between two backups, or a backup and the live site",
    arguments: [
      site,
      backup,
      { name: "OTHER", about: "another backup, or live for the site as it is now", completes: "backup" },
      { name: "[PATH]", about: "only this path below the site's home, and what is in it" },
    ],
    examples: [
      ["lifeboat diff shop 7 live", "what changed in the site since backup 7"],
      ["lifeboat diff shop 7 8 site/wwwroot", "what changed there between the two"],
    ],
    load: async () => (await import("../commands/diff.ts")).run,
  },
  {
    name: "delete",
    about: "remove a backup for ever; a running one is cancelled",
    arguments: [site, { name: "BACKUP", about: "its number, and nothing else", completes: "backup" }],
    options: [detach, yes],
    examples: [["lifeboat delete shop 7", "asks before it does"]],
    load: async () => (await import("../commands/delete.ts")).run,
  },
  {
    name: "schedule",
    about: "show or set when a site is backed up by itself",
    arguments: [site],
    options: [
      { flags: "--every <time>", about: "how often: 12h, 1d, 1w" },
      { flags: "--keep <time>", about: "how long each is kept: 30d, or forever" },
      {
        flags: "--start <time>",
        about: "when the first is made, and from when the interval counts: 02:00, or 2026-12-01T02:00; without it now",
      },
      { flags: "--time-zone <zone>", about: "an IANA name whose clocks count, such as Europe/Berlin; without it UTC" },
      { flags: "--window <times>", about: "begin only between these times: 22:00-06:00" },
      { flags: "--keep-daily <count>", about: "keep the newest of each of so many days longer" },
      { flags: "--keep-weekly <count>", about: "the same for weeks" },
      { flags: "--keep-monthly <count>", about: "the same for months" },
      to,
      toFile,
      {
        flags: "--database <name>",
        about:
          "also this database each time, by the name of the site's connection string; all or none; may be given again",
        isRepeatable: true,
      },
      { flags: "--on", about: "switch it on again" },
      { flags: "--off", about: "switch it off, and keep what it says" },
      { flags: "--remove", about: "forget it" },
    ],
    examples: [
      ["lifeboat schedule shop", "what it is now"],
      ["lifeboat schedule shop --every 1d --start 02:00 --keep 30d", "every night at two, each for a month"],
      ["lifeboat schedule shop --database all", "with its databases from now on"],
      ["lifeboat schedule shop --off", "none for now"],
    ],
    load: async () => (await import("../commands/schedule.ts")).run,
  },
  {
    name: "status",
    about: "tell how all sites stand: last good backup, next one, what runs",
    options: [
      {
        flags: "--check",
        about: "end with 1 when a site has no good backup, or its last one failed or left something out",
      },
    ],
    examples: [
      ["lifeboat status", "at a glance"],
      ["lifeboat status --check --quiet > /dev/null || echo look", "for a monitor"],
    ],
    load: async () => (await import("../commands/status.ts")).run,
  },
  {
    name: "discover",
    about: "tell what backups lie in a container, written by whomever",
    arguments: [{ name: "[URL]", about: "a container or file: URL, without a SAS" }],
    options: [{ ...toFile, flags: "--url-file <file>" }],
    examples: [
      ["lifeboat discover file:///mnt/old/backups", "a folder on the service's machine"],
      ["lifeboat discover --url-file container.txt", "a container in Azure"],
    ],
    load: async () => (await import("../commands/discover.ts")).run,
  },
  ...manageDefinitions,
  {
    name: "doctor",
    about: "look for what is wrong, and tell what to do about it",
    examples: [["lifeboat doctor", "service, certificate, clock, key, stores, disks, tools, sites"]],
    load: async () => (await import("../commands/doctor.ts")).run,
  },
  {
    name: "completion",
    about: "print what a shell needs to complete commands, sites and backups",
    arguments: [{ name: "SHELL", about: "bash, zsh or fish" }],
    examples: [
      ["lifeboat completion bash > ~/.local/share/bash-completion/completions/lifeboat", "for bash"],
      ["lifeboat completion zsh > ~/.zfunc/_lifeboat", "for zsh, with ~/.zfunc in its fpath"],
      ["lifeboat completion fish > ~/.config/fish/completions/lifeboat.fish", "for fish"],
    ],
    load: async () => (await import("../commands/completion.ts")).run,
  },
  {
    name: "complete",
    about: "tell a shell how a line may go on",
    isHidden: true,
    arguments: [{ name: "[WORD...]", about: "the words typed so far, the unfinished one last" }],
    connectionIn: (given) => connectionInWords(given.texts("WORD")),
    examples: [["lifeboat complete -- restore s", "what begins with s there"]],
    load: async () => (await import("../commands/complete.ts")).run,
  },
];
