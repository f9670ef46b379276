/** Whatever is sent through it arrives nowhere. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Gives memory back at once; every view of it is empty afterwards. The collector sees but the small object that stands
 * for megabytes, and leaves dozens of them lying before it runs.
 */
export const freeMemory = (memory: ArrayBuffer): void => nowhere.postMessage(undefined, [memory]);

/** What zlib makes in one piece of this length or more has memory of its own, whatever Node's version. */
export const leastOwned = 64 * 1024;

/** Gives back the memory of what zlib made, unless it is Node's pool, of which others have parts too. */
export const freeResult = ({ buffer }: Uint8Array): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) freeMemory(buffer);
};
