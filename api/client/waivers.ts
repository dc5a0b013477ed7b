/** The part of the typed client that is of waivers of a team. */
import type { WaiverWish } from '#core/waiver.ts';
import type * as z from '#core/zod.ts';
import { WaiverAnswer, WaiversAnswer } from '../answers.ts';
import type { Transport } from './transport.ts';

export type { WaiverAnswer, WaiversAnswer } from '../answers.ts';

export class WaiversClient {
  readonly #call: Transport['call'];
  readonly #pages: Transport['pages'];

  constructor({ call, pages }: Transport) {
    this.#call = call;
    this.#pages = pages;
  }

  /** All pages of them. */
  async list(team: string): Promise<WaiversAnswer> {
    const pages = await this.#pages(WaiversAnswer, 'list of waivers', pathOf(team));
    return {
      waivers: pages.flatMap(({ waivers }) => waivers),
      configured: pages.flatMap(({ configured }) => configured),
    };
  }

  propose(team: string, wish: z.input<typeof WaiverWish>): Promise<WaiverAnswer> {
    return this.#call(WaiverAnswer, 'waiver', 'POST', pathOf(team), wish);
  }

  /** @param version that was read: another one is another waiver to judge. */
  approve(team: string, id: string, version: number): Promise<WaiverAnswer> {
    const path = `${pathOf(team)}/${encodeURIComponent(id)}/approvals`;
    return this.#call(WaiverAnswer, 'waiver', 'POST', path, undefined, { 'if-match': `"${version}"` });
  }

  withdraw(team: string, id: string, version: number): Promise<WaiverAnswer> {
    const path = `${pathOf(team)}/${encodeURIComponent(id)}`;
    return this.#call(WaiverAnswer, 'waiver', 'DELETE', path, undefined, { 'if-match': `"${version}"` });
  }
}

const pathOf = (team: string): string => `/teams/${encodeURIComponent(team)}/waivers`;
