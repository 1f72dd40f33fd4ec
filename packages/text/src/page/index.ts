/**
 * @waggle/text/page: what every page needs that holds text of others in one file: a policy by which its own
 * script alone runs, escaping, colours, and the types of the browser for that script.
 */

export { type ColourVariables, colourRules, PAGE_COLOURS } from './colours.ts';
export { contentSecurityPolicy } from './content-security-policy.ts';
export type { PageCanvas, PageElement, PageEvent, PageInput, PageWindow } from './dom.ts';
export { escapeHtml } from './escape-html.ts';
export { type PageParts, wholePage } from './whole-page.ts';
