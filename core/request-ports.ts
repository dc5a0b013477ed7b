/** What the API needs of the world to take each request once, and not too many of them. Contracts as in ports.ts. */
import type { Instant } from './names.ts';
import type { Rate } from './rate.ts';

/** Token buckets: who asks too often is told when to come again. */
export interface Buckets {
  /** @returns how long there is to wait; undefined where a token was taken. */
  take(owner: string, rate: Rate, now: Instant): Promise<number | undefined>;
}

/** A person's request by the key that they gave it: however often it is sent, it is done once. */
export interface RequestRef {
  readonly person: string;
  /** Without `#`. */
  readonly key: string;
}
/** What was answered, as it goes over the wire. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
export type Begun =
  | { readonly state: 'yours' }
  /** It is being done, since less than the time that it was given. */
  | { readonly state: 'running' }
  /** The key is of another request. */
  | { readonly state: 'other' }
  | { readonly state: 'answered'; readonly answer: KeptAnswer }
  /** It is done, and its answer was lost or is too large to be kept. */
  | { readonly state: 'done' };

export interface Requests {
  /** @param fingerprint of what is asked; @param until whoever has it by then has crashed. */
  begin(ref: RequestRef, fingerprint: string, now: Instant, until: Instant): Promise<Begun>;
  /** The answer is given again for a day. */
  finish(ref: RequestRef, answer: KeptAnswer): Promise<void>;
  /** It came to nothing: the key may be used again, unless it was done. */
  free(ref: RequestRef): Promise<void>;
}
