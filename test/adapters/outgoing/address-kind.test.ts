import { describe, expect, it } from "vitest";
import { addressKind, isAddress, isLoopbackHost } from "../../../src/adapters/outgoing/address-kind.ts";

describe("an address", () => {
  it.each([
    ["8.8.8.8", "public"],
    ["20.60.1.1", "public"],
    ["100.63.255.255", "public"],
    ["172.32.0.1", "public"],
    ["2603:1030::1", "public"],
    ["64:ff9b::8.8.8.8", "public"],
    ["2002:808:808::1", "public"],
    ["10.1.2.3", "private"],
    ["100.64.0.1", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.4", "private"],
    ["fd12::1", "private"],
    ["::ffff:10.1.2.3", "private"],
    ["64:ff9b::a01:203", "private"],
    ["127.0.0.1", "loopback"],
    ["127.255.0.9", "loopback"],
    ["::1", "loopback"],
    ["[::1]", "loopback"],
    ["0:0:0:0:0:0:0:1", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["::ffff:0:127.0.0.1", "loopback"],
    ["::7f00:1", "loopback"],
    ["0.0.0.0", "forbidden"],
    ["169.254.169.254", "forbidden"],
    ["168.63.129.16", "forbidden"],
    ["100.100.100.200", "forbidden"],
    ["192.0.0.192", "forbidden"],
    ["224.0.0.1", "forbidden"],
    ["255.255.255.255", "forbidden"],
    ["::", "forbidden"],
    ["fe80::1", "forbidden"],
    ["fe80::1%eth0", "forbidden"],
    ["febf::1", "forbidden"],
    ["fd00:ec2::254", "forbidden"],
    ["FD00:0EC2:0::0254", "forbidden"],
    ["ff02::1", "forbidden"],
    ["::ffff:a9fe:a9fe", "forbidden"],
    ["2002:a9fe:a9fe::", "forbidden"],
    ["64:ff9b:1::169.254.169.254", "forbidden"],
    ["64:ff9b:1:abcd::7f00:1", "loopback"],
  ])("%s is %s", (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });

  it("is no name", () => {
    expect(() => addressKind("store.example.org")).toThrow("no IP address");
    expect(isAddress("store.example.org", "private")).toBe(false);
    expect(["localhost", "127.0.0.1", "[::1]"].every((host) => isLoopbackHost(host))).toBe(true);
    expect(["localhost.example.org", "128.0.0.1", "127.0.0.1.example.org"].some((host) => isLoopbackHost(host))).toBe(
      false,
    );
  });
});
