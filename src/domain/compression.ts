/** How hard files are deflated, from 1 to 9: six tenths of the time that 6 takes, for four hundredths more bytes (bench/README.md). */
export const defaultCompression = 4;
