/** How a route says no: RFC 9457, with the fields that are wrong. */
import type { Problem } from './schemas.ts';

export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(status: number, title: string, detail: string, fields?: Problem['fields']) {
    super(detail);
    this.problem = { type: 'about:blank', title, status, detail, ...(fields ? { fields } : {}) };
  }
}
