/**
 * What there is to ask for: each path with who answers it. The OpenAPI document says the same in its own words, and
 * a test compares the two.
 */

import { activity, health, metrics, status } from '../api/about.ts';
import { events } from '../api/events.ts';
import { processes } from '../api/processes.ts';
import { diff, flame, pprofProfile, profile } from '../api/profiles.ts';
import type { Route } from '../api/route.ts';
import { timeline } from '../api/timelines.ts';
import { pageRoutes } from '../page/assets.ts';
import { openapi } from './openapi.ts';

/** By path; all of them answer GET and HEAD. */
export const ROUTES: Readonly<Record<string, Route>> = {
  ...pageRoutes,
  '/health': { handle: health, isOpen: true },
  '/metrics': { handle: metrics, isComputed: true },
  '/openapi.json': { handle: openapi },
  '/debug/pprof/profile': { handle: pprofProfile, isComputed: true },
  '/api/profile': { handle: profile, isComputed: true },
  '/api/diff': { handle: diff, isComputed: true },
  '/api/flame': { handle: flame, isComputed: true },
  '/api/timeline': { handle: timeline, isComputed: true },
  '/api/events': { handle: events, isComputed: true },
  '/api/processes': { handle: processes, isComputed: true },
  '/api/activity': { handle: activity, isComputed: true },
  '/api/status': { handle: status },
};

/** The page changes its token for a cookie here, by POST. */
export const LOGIN = '/api/login';
/** The page's connection, by an upgrade to WebSocket. */
export const LIVE = '/api/live';
