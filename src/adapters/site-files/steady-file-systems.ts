import { statfsSync } from "node:fs";

/**
 * Linux's own file systems: they change ctime with every edit, at once, by the kernel's clock, and keep a file's inode.
 * Elsewhere (network drives, FUSE, FAT, other systems) timestamps may be cached, rounded or made up: there the content
 * is read and hashed. So it is on tmpfs and ramfs, where writing through mapped memory changes no time at all, and on
 * overlayfs, which may lie on one of all these and does not tell. Numbers as in statfs(2).
 */
const steady: readonly number[] = [
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0xca451a4e, // bcachefs
];

/** Whether equal size, mtime, ctime and inode prove that a file in this directory is unchanged. */
export const isSteady = (directory: Buffer): boolean =>
  process.platform === "linux" && steady.includes(statfsSync(directory).type >>> 0);
