const identifier = '(?:`(?:[^`]|``)*`|"(?:[^"]|"")*"|[\\w$\\x80-\\xff]+)';
const database = `${identifier}\\s*\\.\\s*`;

const definer = `DEFINER=(?:${identifier}@${identifier}|CURRENT_USER)`;
const begins = new RegExp(
  `^(?:/\\*!50003 )?CREATE(?:\\*/)? +(?:OR REPLACE +)?(?:(?:/\\*!50017 )?${definer}(?:\\*/)? +)?(?:/\\*!50003 )?trigger\\s`,
  "i",
);
const ends = /\bfor\s+each\s+row\b/i;
const name = new RegExp(
  `(\\btrigger\\s+(?:if\\s+not\\s+exists\\s+)?)${database}(${identifier}\\s+(?:before|after)\\s+(?:insert|update|delete)\\s+on\\s)`,
  "i",
);
const table = new RegExp(
  `(\\s(?:before|after)\\s+(?:insert|update|delete)\\s+on\\s+)${database}(${identifier}\\s+for\\s+each\\s+row\\b)`,
  "i",
);

/** Whether the text, which begins a line, begins a trigger, and whether its header ends in it. */
export const triggerHeader = (text: string): "none" | "begun" | "whole" => {
  if (!begins.test(text)) return "none";
  return ends.test(text) ? "whole" : "begun";
};

/**
 * Servers keep a trigger's words as somebody typed them, `CREATE TRIGGER shop.t ... ON shop.goods` with the database's name:
 * loaded beside the live database it would be made in the live one. Without the name it is made where it is loaded.
 */
export const withoutDatabase = (text: string): string => {
  const end = begins.test(text) ? ends.exec(text) : null;
  if (end === null) return text;
  const head = text.slice(0, end.index + end[0].length);
  return head.replace(name, "$1$2").replace(table, "$1$2") + text.slice(head.length);
};
