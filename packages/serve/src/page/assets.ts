/**
 * The page's files: a document without data, its script and its style. They say nothing of the host, and are what
 * somebody gets who has no token yet.
 */

import { timelineFrame } from '@waggle/timeline';
import { FRAME_POLICY } from '../answers/frame-policy.ts';
import { accepts } from '../answers/reply.ts';
import type { Route } from '../api/route.ts';
import { source as script } from '../generated/serve-page.ts';
import { document } from './document.ts';
import { pageStyle } from './style.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** @param policy of the document; where it has one of its own, what the server adds to it */
function asset(text: () => string, type: string, policy = POLICY): Route {
  let made:
    | { readonly plain: Uint8Array; readonly packed: Uint8Array; readonly tag: string }
    | undefined;
  return {
    isOpen: true,
    handle(_, { request }) {
      if (made === undefined) {
        const plain = new TextEncoder().encode(text());
        made = {
          plain,
          packed: Bun.gzipSync(plain, { level: 9 }),
          tag: `"${Bun.hash(plain).toString(36)}"`,
        };
      }
      const headers: Record<string, string> = {
        'content-type': type,
        'content-security-policy': policy,
        'cache-control': 'no-cache',
        vary: 'accept-encoding',
        etag: made.tag,
      };
      if (request.headers.get('if-none-match') === made.tag)
        return new Response(null, { status: 304, headers });
      const isPacked = accepts(request, 'gzip');
      if (isPacked) headers['content-encoding'] = 'gzip';
      const body = new Uint8Array(isPacked ? made.packed : made.plain);
      return new Response(request.method === 'HEAD' ? null : body, { headers });
    },
  };
}

export const pageRoutes: Readonly<Record<string, Route>> = {
  '/': asset(document, 'text/html; charset=utf-8'),
  '/page.js': asset(() => script, 'text/javascript; charset=utf-8'),
  '/page.css': asset(pageStyle, 'text/css; charset=utf-8'),
  '/timeline.html': asset(timelineFrame, 'text/html; charset=utf-8', FRAME_POLICY),
};
