/** Of all transfers those that either team may still take back. */
import type { Transfer } from './item.ts';

export type Open = Extract<Transfer, { state: 'offered' | 'accepted' | 'moving' }>;
export const isOpen = (transfer: Transfer): transfer is Open =>
  transfer.state !== 'done' && transfer.state !== 'over';
