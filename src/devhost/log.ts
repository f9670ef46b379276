export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

/** Takes one event. The category is a dotted name such as `Host.Startup` or `Function.tick.User`. */
export type Log = (level: LogLevel, category: string, message: string) => void;
