/** What the app itself logs (a host's own words have other categories). */
const ownCategory = /^(?:Worker\.)?Function\.[^.]+\.User$/;
/** The SDK's word about a line that is logged while an answer is still being sent, which is no mistake. */
const lateLine = "Warning: Unexpected call to 'log' on the context object";
/** Fields that people do not need on a console; the log's JSON has them. */
const notForPeople = new Set(["step", "run", "epoch", "error", "requestId"]);

/**
 * One event of the host's log as a line for the person at the console, or undefined where it is none of their business:
 * `12:00:01 backup planned  site=shop backup=7 files=120`.
 */
export const consoleLine = (now: Date, level: string, category: string, message: string): string | undefined => {
  const isTrouble = level === "error" || level === "warning" || level === "critical";
  if (ownCategory.test(category) && (isTrouble || level === "information")) return ownLine(now, message, isTrouble);
  return isTrouble && !message.startsWith(lateLine) ? `${category}: ${firstLine(message)}` : undefined;
};

const ownLine = (now: Date, message: string, isTrouble: boolean): string => {
  const [, event = message, json = "{}"] = /^(.*?) (\{.*\})$/s.exec(message) ?? [];
  const fields = fieldsOf(json)
    .filter(([name]) => isTrouble || !notForPeople.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? quoted(firstLine(value)) : JSON.stringify(value)}`);
  return [`${now.toISOString().slice(11, 19)} ${event}`, ...(fields.length === 0 ? [] : [fields.join(" ")])].join("  ");
};

const fieldsOf = (json: string): readonly (readonly [string, unknown])[] => {
  try {
    // Safe: Object.entries takes whatever JSON an object of fields was.
    return Object.entries(JSON.parse(json) as object);
  } catch {
    return [];
  }
};

/** A stack trace is for the log; what went wrong stands in its first line. */
const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

const quoted = (text: string): string => (/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text));
