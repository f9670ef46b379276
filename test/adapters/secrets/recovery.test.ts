import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWith, recoveryKeyIdOf, sealTo } from "../../../src/adapters/secrets/recovery-box.ts";
import { openRecoveryFolder } from "../../../src/adapters/secrets/recovery-folder.ts";
import { createRecoveryKey, parseRecoveryKey, recoveryPublicKey } from "../../../src/adapters/secrets/recovery-key.ts";
import { InvalidRecoveryKey, Secret, SecretUnreadable } from "../../../src/domain/secret.ts";

/** A key and a box of an earlier release: both must work for ever. */
const goldenText = "LBRK1-BPYNRFH-B77CY34-D5Q4YXR-A7CTRBJ-2D98H9N-WFEZ306-975T4PV-NT9MYXF";
const goldenBox = Buffer.from(
  "TEJSMbDm5VJy3M-9OMBPutbtYDIfRHJ-6QCcSEtN8F9eLGksYFwYGvmGgb0Mgiayvr2rYGoHqSAaY0pSbYZc4k4MP1RC",
  "base64url",
);

const parse = (text: string) => parseRecoveryKey(new Secret(text));

describe("a recovery key", () => {
  it("is its text and nothing else", () => {
    for (let n = 0; n < 50; n++) {
      const key = createRecoveryKey();
      expect(key.text.reveal()).toMatch(/^LBRK1(-[0-9A-HJKMNP-TV-Z]{7}){8}$/);
      expect(parseRecoveryKey(key.text).public).toEqual(key.public);
      expect(parseRecoveryKey(key.text).text.equals(key.text)).toBe(true);
    }
  });

  it("is another one every time", () => {
    expect(new Set(Array.from({ length: 20 }, () => createRecoveryKey().public.id)).size).toBe(20);
  });

  it("is X25519: the public half is the one of RFC 7748", () => {
    // The text is Alice's private key of section 6.1.
    const key = parse("LBRK1-EW3PT2K-K32JQTF-0PR5S53-CK68QFM-RBW7XF0-9JANHEZ-XTA7DS5-GN0YSD8");
    expect(key.public.bytes.toString("hex")).toBe("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  });

  it("may be typed in lower case, with other spaces, and with letters for digits that look like them", () => {
    const key = parse(goldenText);
    const typed = goldenText.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l");
    expect(parse(`  ${typed}\n`).public).toEqual(key.public);
    expect(parse(goldenText.replaceAll("-", "").replaceAll("1", "I")).public).toEqual(key.public);
  });

  it.each([
    ["", "This is not a recovery key: one starts with LBRK1-."],
    ["AKIA-1234", "This is not a recovery key: one starts with LBRK1-."],
    [goldenText.slice(0, -1), "The recovery key has 55 characters after LBRK1-; a whole one has 56."],
    [`${goldenText}0`, "The recovery key has 57 characters after LBRK1-; a whole one has 56."],
    [
      goldenText.replace("B77CY34", "B77CY3U"),
      "The recovery key has a character that no recovery key has, in group 2.",
    ],
    [
      goldenText.replace("B77CY34", "B77CY43"),
      "The recovery key is mistyped: its checksum does not fit. Compare it with the original.",
    ],
  ])("that is wrong is refused with the reason (%#)", (text, message) => {
    expect(() => parse(text)).toThrow(new InvalidRecoveryKey(message));
  });

  it("with any one character mistyped is refused", () => {
    for (let at = 6; at < goldenText.length; at++) {
      if (goldenText[at] === "-") continue;
      const other = goldenText[at] === "7" ? "8" : "7";
      expect(() => parse(goldenText.slice(0, at) + other + goldenText.slice(at + 1))).toThrow(InvalidRecoveryKey);
    }
  });

  it("does not print", () => {
    const key = createRecoveryKey();
    expect(inspect(key, { showHidden: true, depth: 5 }) + JSON.stringify(key)).not.toContain(
      key.text.reveal().slice(6, 13),
    );
  });
});

const unreadable = (opening: () => unknown): SecretUnreadable => {
  try {
    opening();
  } catch (error) {
    if (error instanceof SecretUnreadable) return error;
    throw error;
  }
  throw new Error("It was opened.");
};

describe("a box", () => {
  const key = createRecoveryKey();

  it("closed with the public half is opened by the key", () => {
    const publicHalf = recoveryPublicKey(Buffer.from(key.public.bytes));
    for (const text of ["", "x", "settings ".repeat(100_000)]) {
      const box = sealTo(publicHalf, Buffer.from(text), "settings of shop");
      expect(openWith(key, box, "settings of shop").toString()).toBe(text);
    }
  });

  it("of an earlier release still opens", () => {
    expect(openWith(parse(goldenText), goldenBox, "settings of shop").toString()).toBe("configuration");
  });

  it("holds nothing of its content, and looks different every time", () => {
    const boxes = Array.from({ length: 20 }, () => sealTo(key.public, Buffer.from("hunter2"), "c").toString("latin1"));
    expect(new Set(boxes.map((box) => box.slice(8, 40))).size).toBe(20);
    expect(new Set(boxes.map((box) => box.slice(40))).size).toBe(20);
    expect(boxes.join()).not.toContain("hunter2");
  });

  it("names the recovery key it needs", () => {
    const box = sealTo(key.public, Buffer.from("text"), "settings of shop");
    const other = createRecoveryKey();
    expect(recoveryKeyIdOf(box)).toBe(key.public.id);
    const error = unreadable(() => openWith(other, box, "settings of shop"));
    expect(error.reason).toBe("KeyMissing");
    expect(error.message).toBe(
      `settings of shop is sealed to the recovery key ${key.public.id}; the one given is ${other.public.id}. ` +
        "Use the key that was shown when that installation was first started.",
    );
  });

  it("does not open in another place, or with any one bit changed, or cut", () => {
    const box = sealTo(key.public, Buffer.from("text"), "settings of shop");
    expect(unreadable(() => openWith(key, box, "settings of blog")).reason).toBe("Altered");
    for (let bit = 0; bit < box.length * 8; bit++) {
      const changed = Buffer.from(box);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(unreadable(() => openWith(key, changed, "settings of shop")).reason).toMatch(/^(Altered|KeyMissing)$/);
    }
    for (let length = 0; length < box.length; length++)
      expect(unreadable(() => openWith(key, box.subarray(0, length), "settings of shop")).reason).toBe("Altered");
  });

  it("with a one-time key that shares nothing is refused", () => {
    const box = sealTo(key.public, Buffer.from("text"), "c");
    box.fill(0, 8, 40);
    expect(unreadable(() => openWith(key, box, "c")).reason).toBe("Altered");
  });
});

describe("the recovery key of a data folder", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-recovery-"));
    path = join(folder, "recovery-key");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const text = Buffer.from("settings");

  it("is made on first start, for its owner alone, and stays", async () => {
    const first = await openRecoveryFolder(folder);
    expect(readdirSync(folder).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["recovery-key", "recovery-key.pub"]);
    expect([path, `${path}.pub`].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    const second = await openRecoveryFolder(folder);
    expect(second.keyId).toBe(first.keyId);
    expect(await second.open(await first.seal(text, "c"), "c")).toEqual(text);
  });

  it("is one for all who start at once", async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => openRecoveryFolder(folder)));
    expect(new Set(all.map(({ keyId }) => keyId)).size).toBe(1);
    expect(all[0]?.keyId).toBe(parse(readFileSync(path, "utf8")).public.id);
  });

  it("may be carried away: what is left seals, and opens with the key as text", async () => {
    const before = await openRecoveryFolder(folder);
    const carried = new Secret(readFileSync(path, "utf8"));
    rmSync(path);
    const after = await openRecoveryFolder(folder);
    expect([after.keyId, existsSync(path)]).toEqual([before.keyId, false]);
    const sealed = await after.seal(text, "c");
    await expect(after.open(sealed, "settings of shop")).rejects.toMatchObject({
      reason: "KeyMissing",
      message: `settings of shop is sealed, and ${path} is not there. Give the recovery key ${after.keyId}.`,
    });
    expect(await after.open(sealed, "c", carried)).toEqual(text);
  });

  it("that was put there takes the place of the one that was made", async () => {
    await openRecoveryFolder(folder);
    writeFileSync(path, `${goldenText}\n`);
    const opened = await openRecoveryFolder(folder);
    expect(opened.keyId).toBe(parse(goldenText).public.id);
    expect((await opened.open(goldenBox, "settings of shop")).toString()).toBe("configuration");
    rmSync(path);
    expect((await openRecoveryFolder(folder)).keyId).toBe(parse(goldenText).public.id);
  });

  it("finishes a first start that was cut off between the two files", async () => {
    writeFileSync(path, `${goldenText}\n`, { mode: 0o600 });
    expect((await openRecoveryFolder(folder)).keyId).toBe(parse(goldenText).public.id);
    expect(existsSync(`${path}.pub`)).toBe(true);
  });

  it("that is mistyped is named and left alone", async () => {
    writeFileSync(path, "LBRK1-1234567");
    await expect(openRecoveryFolder(folder)).rejects.toThrow(
      `${path} cannot be used. The recovery key has 7 characters`,
    );
    expect(readFileSync(path, "utf8")).toBe("LBRK1-1234567");
  });

  it("given as text that is none is refused as such", async () => {
    const opened = await openRecoveryFolder(folder);
    await expect(opened.open(text, "c", new Secret("none"))).rejects.toBeInstanceOf(InvalidRecoveryKey);
  });

  it("that others could read is closed to them", async () => {
    await openRecoveryFolder(folder);
    chmodSync(path, 0o644);
    await openRecoveryFolder(folder);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
