/**
 * The page's Content-Security-Policy: nothing from elsewhere, and no script or style but the two
 * that it is written with, known by their hashes (https://www.w3.org/TR/CSP3/#grammardef-hash-source).
 */
import { cryptography } from '../crypto.ts';

function hashOf(text: string): string {
  return `'sha256-${cryptography().createHash('sha256').update(text).digest('base64')}'`;
}

/** For the page's one script and one style, as their elements hold them. */
export function contentSecurityPolicy(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    // The icon of the tab, without which browsers ask the server for one.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
