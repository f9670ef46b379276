import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findToolIn, type FindTool } from "../../src/adapters/databases/find-tool.ts";

/** MariaDB's client program in the hands of somebody who pulls the plug after so many statements that change something. */
export interface StatementBudget {
  readonly findTool: FindTool;
  allow(statements: number): void;
  /** How many have been run since `allow`. */
  spent(): number;
  remove(): void;
}

// Scripts of the adapter begin with DELIMITER; the rest goes through. What is cut off was never sent, as when the service
// that would have sent it is gone.
const wrapper = (real: string, folder: string): string => `#!/usr/bin/perl
use strict; use warnings;
my ($real, $left, $spent) = (${[real, join(folder, "left"), join(folder, "spent")].map((one) => `'${one}'`).join(", ")});
exec $real, @ARGV if grep { $_ eq '--version' } @ARGV;
sub slurp { open my $in, '<', $_[0] or die; local $/; my $text = <$in>; return $text; }
sub spill { open my $out, '>', $_[0] or die; print $out $_[1]; close $out; }
my $script = do { local $/; <STDIN> };
my $cut = 0;
if ($script =~ /^DELIMITER (\\S+)\\n/) {
  my $end = $1;
  my @parts = split /^\\Q$end\\E\\n/m, substr($script, length("DELIMITER $end\\n"));
  my ($budget, $used, @kept) = (slurp($left), slurp($spent));
  for my $part (@parts) {
    if ($part !~ /^(SELECT|SHOW|SET) /) {
      if ($budget <= 0) { $cut = 1; last; }
      $budget--; $used++;
    }
    push @kept, $part;
  }
  spill($left, $budget); spill($spent, $used);
  $script = join('', "DELIMITER $end\\n", map { "$_$end\\n" } @kept);
}
open my $client, '|-', $real, @ARGV or die;
print $client $script;
close $client;
my $code = $? >> 8;
if ($cut && !$code) { print STDERR "ERROR 2013 (HY000): Lost connection to server during query\\n"; $code = 1; }
exit $code;
`;

export const statementBudget = (): StatementBudget => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-budget-"));
  const find = findToolIn([]);
  const real = find("mariadb") ?? "";
  const file = join(folder, "mariadb");
  writeFileSync(file, wrapper(real, folder));
  chmodSync(file, 0o755);
  const allow = (statements: number): void => {
    writeFileSync(join(folder, "left"), String(statements));
    writeFileSync(join(folder, "spent"), "0");
  };
  allow(1_000_000);
  return {
    findTool: (name) => (name === "mariadb" ? file : find(name)),
    allow,
    spent: () => Number(readFileSync(join(folder, "spent"), "utf8")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
