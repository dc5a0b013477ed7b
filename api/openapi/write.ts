/** Writes the OpenAPI document into dist/, as a part of each build; with the word `docs` docs/api.md as well (`npm run docs`). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { routes } from '../routes/all.ts';
import { openApi } from './document.ts';
import { apiPage } from './page.ts';

const documents = {
  'dist/openapi.json': `${JSON.stringify(openApi(routes), null, 2)}\n`,
  ...(process.argv[2] === 'docs' && { 'docs/api.md': apiPage(routes) }),
};
mkdirSync(new URL('../../dist/', import.meta.url), { recursive: true });
for (const [name, text] of Object.entries(documents)) {
  writeFileSync(new URL(`../../${name}`, import.meta.url), text);
  console.log(`${name} is written.`);
}
