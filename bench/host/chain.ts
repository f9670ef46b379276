/** Activities of one measured orchestration, one after the other. */
export const stepsOfChain = 5;
