export const buildHostApp: (folder: string) => Promise<void>;
