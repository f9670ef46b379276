/** Whatever is sent through it arrives nowhere. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Gives memory back at once; every view of it is empty afterwards. The collector sees but the small object that stands
 * for megabytes, and leaves dozens of them lying before it runs.
 */
export const freeMemory = (memory: ArrayBuffer): void => nowhere.postMessage(undefined, [memory]);

/** Node gives what is shorter a part of memory that others have parts of, too; zlib's results are that, or have their own. */
export const leastOwned = 64 * 1024;

/** Gives back the memory of what zlib made, unless others may share it. */
export const freeResult = ({ buffer }: Uint8Array): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= leastOwned) freeMemory(buffer);
};
