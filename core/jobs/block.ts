/** Bytes of a stream in memory that is lent. */
export interface Block {
  readonly bytes: Uint8Array;
  /** Its memory may be used again. */
  release(): void;
}
