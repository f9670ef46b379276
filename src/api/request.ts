/** An HTTP request as the API sees it: nothing of Functions, nothing of sockets. */
export interface ApiRequest {
  readonly method: string;
  /** Absolute, as the caller addressed it. */
  readonly url: URL;
  readonly headers: { get(name: string): string | null };
  /** The whole body as text, at most `limit` bytes. Throws BodyTooLarge beyond, BodyIncomplete when it does not come. */
  text(limit: number): Promise<string>;
}
