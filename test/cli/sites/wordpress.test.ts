import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { wordPressConnection } from "../../../src/cli/sites/wordpress.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-wordpress-"));
  mkdirSync(join(folder, "blog", "site", "wwwroot"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = ({ name = "'blog'", user = "'wp'", password = "'secret'", host = "'localhost'" } = {}): string => `<?php
// define( 'DB_NAME', 'old' );
/* define( 'DB_NAME', 'older' ); */
# define( 'DB_NAME', 'oldest' );
define( 'WP_HOME', 'https://blog.example.org' ); // not a comment before this
define( 'DB_NAME', ${name} );
define("DB_USER",${user});
define( 'DB_PASSWORD' , ${password} ) ;
define( 'DB_HOST', ${host} );
$table_prefix = 'wp_';
`;

const connection = (text: string, place = "wp-config.php"): string => {
  writeFileSync(join(folder, "blog", place), text);
  return wordPressConnection(join(folder, "blog")).reveal();
};

describe("the database of a WordPress site", () => {
  it.each([
    [{}, "mysql://wp:secret@localhost/blog"],
    [{ host: "'db.example.org:3307'" }, "mysql://wp:secret@db.example.org:3307/blog"],
    [{ host: "'localhost:/run/mysqld/my.sock'" }, "mysql://wp:secret@localhost/blog?socket=%2Frun%2Fmysqld%2Fmy.sock"],
    [{ host: "':/run/mysqld/my.sock'" }, "mysql://wp:secret@localhost/blog?socket=%2Frun%2Fmysqld%2Fmy.sock"],
    [{ host: "'[::1]:3306'" }, "mysql://wp:secret@[::1]:3306/blog"],
    [{ password: "'a/b@c:d?e#f\\'g\\\\h//i'" }, "mysql://wp:a%2Fb%40c%3Ad%3Fe%23f'g%5Ch%2F%2Fi@localhost/blog"],
    [{ password: '"dollar \\$ and \\" quote"' }, "mysql://wp:dollar%20%24%20and%20%22%20quote@localhost/blog"],
    [{ password: "''" }, "mysql://wp:@localhost/blog"],
  ])("is what its wp-config.php says: %j", (parts, expected) => {
    expect(connection(config(parts))).toBe(expected);
  });

  it("is found where an App Service app has it, and in the folder above", () => {
    expect(connection(config(), "site/wwwroot/wp-config.php")).toBe("mysql://wp:secret@localhost/blog");
    rmSync(join(folder, "blog", "site"), { recursive: true });
    writeFileSync(join(folder, "wp-config.php"), config({ name: "'above'" }));
    expect(wordPressConnection(join(folder, "blog")).reveal()).toBe("mysql://wp:secret@localhost/above");
  });

  it.each([
    [{ password: "getenv('DB_PASSWORD')" }, /DB_PASSWORD is not defined as a plain text/],
    [{ name: "'a' . $suffix" }, /DB_NAME is not defined as a plain text/],
    [{ password: '"$other"' }, /DB_PASSWORD is not defined as a plain text/],
    [{ host: "''" }, /DB_HOST is no host/],
  ])("is not guessed where it is computed: %j", (parts, message) => {
    expect(() => connection(config(parts))).toThrow(message);
  });

  it("says where it was looked for", () => {
    expect(() => wordPressConnection(join(folder, "blog"))).toThrow(/There is no wp-config\.php in /);
  });
});
