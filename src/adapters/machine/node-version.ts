/** Why Node of this version is too old, by the `engines` of package.json (`>=20.19`); undefined where it is not. */
export const nodeProblem = (version: string, engines: string): string | undefined => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor = 0, neededMinor = 0] = engines.replace(">=", "").split(".").map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return undefined;
  return `Lifeboat needs Node ${engines.replace(">=", "")} or newer, and this is Node ${version}. https://nodejs.org has newer ones.`;
};
