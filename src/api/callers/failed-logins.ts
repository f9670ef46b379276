/** Counts who fails to log in, so that guessing costs time and little else. */
interface FailedLogins {
  /** How long the source has to wait, in seconds; 0 when it may try. */
  secondsLeft(source: string, now: Date): number;
  note(source: string, now: Date): void;
}

export const mostFailures = 10;
const windowMs = 60_000;
/** Some 2 MB. When so many sources fail within a minute, those that began first are forgotten. */
const mostSources = 10_000;

export const failedLogins = (): FailedLogins => {
  // In the order of their first failure.
  const windows = new Map<string, { readonly since: number; failures: number }>();

  const open = (source: string, now: number) => {
    const window = windows.get(source);
    return window !== undefined && now - window.since < windowMs && now >= window.since ? window : undefined;
  };

  const makeRoom = (now: number): void => {
    for (const [source, { since }] of windows) {
      if (windows.size < mostSources && now - since < windowMs) return;
      windows.delete(source);
    }
  };

  return {
    secondsLeft(source, now) {
      const window = open(network(source), now.getTime());
      if (window === undefined || window.failures < mostFailures) return 0;
      return Math.ceil((window.since + windowMs - now.getTime()) / 1_000);
    },
    note(source, now) {
      const at = now.getTime();
      const window = open(network(source), at);
      if (window !== undefined) return void window.failures++;
      windows.delete(network(source));
      makeRoom(at);
      windows.set(network(source), { since: at, failures: 1 });
    },
  };
};

/** Whoever has one IPv6 address has all of its network. */
const network = (source: string): string => {
  if (!source.includes(":")) return source;
  const [head = "", tail] = source.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  return [...front, ...Array<string>(zeros).fill("0"), ...back].slice(0, 4).map(plain).join(":");
};

const plain = (part: string): string => part.replace(/^0+(?=.)/, "");
