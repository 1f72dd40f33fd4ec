import { test } from 'node:test';
import { checks } from '../test/on-every-runtime.ts';

for (const [name, run] of Object.entries(checks)) test(name, run);
