// The entry point of the archive engine's threads.
import { listFolders } from "./adapters/site-files/list-folders-job.ts";
import { serveJobs } from "./archive/threads/serve-jobs.ts";

serveJobs(listFolders);
