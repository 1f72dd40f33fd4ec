/** A page as one file: what stands around its body is the same for all of them. */

import { contentSecurityPolicy } from './content-security-policy.ts';

export interface PageParts {
  /** HTML: text of others is escaped already. */
  readonly title: string;
  /** Of the tab: a `data:` URL, since nothing is loaded. */
  readonly icon: string;
  readonly style: string;
  /** The one script that may run. The body holds it, where the page has something for it to show. */
  readonly script: string;
  /** HTML, piece by piece. */
  readonly body: readonly string[];
}

/** The whole document. */
export function wholePage({ title, icon, style, script, body }: PageParts): string {
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(script, style)}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${title}</title>`,
    `<link rel="icon" href="${icon}">`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    ...body,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}
