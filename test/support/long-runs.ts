/** What a long run asks for (CONTRIBUTING.md); unset, suites that repeat something stay short. */

/** How many damaged archives to try; 0 when nobody asked. */
export const fuzzCount = Number(process.env["LIFEBOAT_FUZZ"] ?? 0);

/** The seed to begin with, so that a long run can be cut into parts. */
export const firstFuzzSeed = Number(process.env["LIFEBOAT_FUZZ_FROM"] ?? 0);

/** Whether gigabytes may be written and minutes spent. */
export const largeFilesToo = process.env["LIFEBOAT_LARGE"] !== undefined;

/** In how many orders of completion each pattern of workflow is run. */
export const orderCount = Number(process.env["LIFEBOAT_ORDERS"] ?? 10);

/** In how many orders each restore runs its steps twice at the same time. */
export const seedCount = Number(process.env["LIFEBOAT_SEEDS"] ?? 6);

/** How many files the large tree has that is backed up and restored. */
export const fileCount = Number(process.env["LIFEBOAT_FILES"] ?? 2_000);

/** Whether the exchange of a database is interrupted before every single statement, not just some. */
export const everyStatement = process.env["LIFEBOAT_STATEMENTS"] !== undefined;

/** How often a site is backed up while its SQLite databases are written. */
export const databaseRounds = Number(process.env["LIFEBOAT_DATABASE_ROUNDS"] ?? 4);

/** How many sites four instances back up by schedule at the same time. */
export const scheduledSiteCount = Number(process.env["LIFEBOAT_SCHEDULED"] ?? 8);

/** How many rows of a kilobyte the large table of a database has. */
export const databaseRows = Number(process.env["LIFEBOAT_ROWS"] ?? 2_000);

/** Runs are taken over at every so many of the moments there are. */
export const takeOverStride = Number(process.env["LIFEBOAT_TAKE_OVERS"] ?? 83);

/** How often a disk is had as a power cut would have left it, of each file system; 0 when nobody asked. */
export const powerCuts = Number(process.env["LIFEBOAT_POWER_CUTS"] ?? 0);
