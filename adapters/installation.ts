/** What tells our DNS records from those of another installation: of account and region, but not readable in public DNS. */
import { createHash } from 'node:crypto';

/** @param place `<account>/<region>`: it stays when stacks or tables are made anew. */
export const installationOf = (place: string): string =>
  createHash('sha256').update(`getschwifty ${place}`).digest('hex').slice(0, 12);
