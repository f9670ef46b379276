import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unpackPackage } from "./unpack-package.ts";

// Versions are fixed, and `--before` freezes what they depend on, so that two machines get the same files.
const resolvedBefore = "2026-11-01";
const dependencies = {
  "@azure/arm-appservice": "16.0.0",
  "@azure/storage-blob": "12.26.0",
  "@babel/core": "7.26.0",
  "@babel/preset-env": "7.26.0",
  axios: "1.7.9",
  bootstrap: "5.3.3",
  "core-js": "3.39.0",
  eslint: "8.57.1",
  express: "4.21.2",
  jquery: "3.7.1",
  lodash: "4.17.21",
  moment: "2.30.1",
  mysql2: "3.11.5",
  next: "14.2.20",
  react: "18.3.1",
  "react-dom": "18.3.1",
  rxjs: "7.8.1",
  sequelize: "6.37.5",
  tailwindcss: "3.4.16",
  typescript: "5.7.2",
  webpack: "5.97.1",
};

const phpApplications = [
  { name: "wordpress", folder: "usr/share/wordpress", into: "wordpress" },
  { name: "wordpress-theme-twentytwentythree", folder: "usr/share/wordpress", into: "wordpress" },
  { name: "phpmyadmin", folder: "usr/share/phpmyadmin", into: "phpmyadmin" },
  { name: "roundcube-core", folder: "usr/share/roundcube", into: "roundcube" },
] as const;

/** About 35,000 small files: a Node app with its packages beside PHP applications. Returns what it had to do without. */
export const buildSmall = (root: string, work: string): readonly string[] => {
  const app = join(root, "app");
  mkdirSync(app, { recursive: true });
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "shop", private: true, dependencies }, null, 2));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-bin-links", "--omit=optional"];
  execFileSync("npm", ["install", "--before", resolvedBefore, "--loglevel=error", ...options], {
    cwd: app,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  rmSync(join(app, "node_modules/.package-lock.json"), { force: true });
  return phpApplications
    .filter((wanted) => !unpackPackage(wanted, join(root, "php", wanted.into), work))
    .map((wanted) => wanted.name);
};
