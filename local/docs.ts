/** `npm run docs`: writes the documents that are drawn from code. */
import { writeFileSync } from 'node:fs';
import { drawFlow } from '#core/flow-drawing.ts';

writeFileSync(new URL('../docs/flow.md', import.meta.url), drawFlow());
console.log('docs/flow.md is written.');
