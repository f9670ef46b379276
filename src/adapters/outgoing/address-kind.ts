import { BlockList, isIP, isIPv4 } from "node:net";

/**
 * What an IP address stands for. `forbidden` is never connected to: link-local addresses and others where clouds keep
 * their machines' secrets, no address at all (0.0.0.0), multicast and reserved ones.
 */
type AddressKind = "public" | "private" | "loopback" | "forbidden";

const ranges = (...subnets: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = "", bits = ""] = subnet.split("/");
    list.addSubnet(address, Number(bits), isIPv4(address) ? "ipv4" : "ipv6");
  }
  return list;
};

const loopback = ranges("127.0.0.0/8", "::1/128");

const forbidden = ranges(
  "0.0.0.0/8",
  "169.254.0.0/16",
  // Azure's own service for its machines, Alibaba's and Oracle's metadata.
  "168.63.129.16/32",
  "100.100.100.200/32",
  "192.0.0.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "fe80::/10",
  // Amazon's metadata.
  "fd00:ec2::254/128",
  "ff00::/8",
);

const privates = ranges(
  "10.0.0.0/8",
  "100.64.0.0/10",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "fc00::/7",
  "fec0::/10",
);

/** Throws when the text is no IP address. Brackets around IPv6 and a zone behind it do not count. */
export const addressKind = (text: string): AddressKind => {
  const address = text.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(address);
  if (family === 0) throw new Error(`${address} is no IP address.`);
  const inner = family === 6 ? innerIPv4(address) : undefined;
  if (inner !== undefined) return addressKind(inner);
  const type = family === 4 ? "ipv4" : "ipv6";
  if (loopback.check(address, type)) return "loopback";
  if (forbidden.check(address, type)) return "forbidden";
  return privates.check(address, type) ? "private" : "public";
};

/** Addresses that lead to the IPv4 address inside them: mapped, compatible, translated (NAT64), 6to4. */
const innerIPv4 = (address: string): string | undefined => {
  const groups = groupsOf(address);
  const from = (first: number): string =>
    [groups[first] ?? 0, groups[first + 1] ?? 0].flatMap((group) => [group >> 8, group & 255]).join(".");
  const starts = (...wanted: readonly number[]): boolean => wanted.every((group, index) => groups[index] === group);
  // NAT64's well-known prefix, and what networks make of their own below 64:ff9b:1::/48 (RFC 8215).
  const isTranslated = starts(0x64, 0xff9b, 0, 0, 0, 0) || starts(0x64, 0xff9b, 1);
  if (starts(0, 0, 0, 0, 0, 0xffff) || starts(0, 0, 0, 0, 0xffff, 0) || isTranslated) return from(6);
  // The old compatible form; ::, ::1 and the like are addresses of their own.
  if (starts(0, 0, 0, 0, 0, 0) && groups[6] !== 0) return from(6);
  return starts(0x2002) ? from(1) : undefined;
};

/** The eight numbers of an IPv6 address. */
const groupsOf = (address: string): readonly number[] => {
  // As URLs write it: no dotted part, lower case, shortest form.
  const plain = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = plain.split("::");
  const numbers = (part: string): number[] => (part === "" ? [] : part.split(":").map((group) => parseInt(group, 16)));
  const [first, last] = [numbers(head), numbers(tail ?? "")];
  return tail === undefined ? first : [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
};

/** A host that names this machine whatever a resolver says: an address of it, or `localhost`. */
export const isLoopbackHost = (host: string): boolean => host === "localhost" || isAddress(host, "loopback");

/** Whether the host is a literal address of this kind. URL has normalized every spelling of an address by now. */
export const isAddress = (host: string, kind: AddressKind): boolean =>
  isIP(host.replace(/^\[|\]$/g, "")) !== 0 && addressKind(host) === kind;
