import { expect, test } from 'bun:test';
import type { Profile, ProfileFrame } from '@waggle/formats';
import { onlyFrames } from './only-frames.ts';

const app: ProfileFrame = { name: 'app', kind: 'process' };
const main: ProfileFrame = { name: 'main', kind: 'user' };
const unnamed: ProfileFrame = { name: '[app+0x10]', kind: 'unresolved' };
const read: ProfileFrame = { name: 'vfs_read', kind: 'kernel' };
const profile: Profile = {
  stacks: [
    { frames: [app, main, read], count: 3 },
    { frames: [app, main, unnamed], count: 4 },
    { frames: [app, read], count: 5 },
  ],
  metadata: {
    host: 'h',
    frequencyHz: 99,
    startTime: new Date(0),
    durationSeconds: 1,
    samples: 12,
    lostSamples: 1,
  },
};

test('--user keeps every sample, without what the kernel did for it', () => {
  const { stacks, metadata } = onlyFrames(profile, 'user');
  expect(stacks).toEqual([
    { frames: [app, main], count: 3 },
    { frames: [app, main, unnamed], count: 4 },
    { frames: [app], count: 5 },
  ]);
  expect(metadata.samples).toBe(12);
});

test('--kernel keeps samples in the kernel, by process', () => {
  const { stacks, metadata } = onlyFrames(profile, 'kernel');
  expect(stacks).toEqual([
    { frames: [app, read], count: 3 },
    { frames: [app, read], count: 5 },
  ]);
  expect(metadata.samples).toBe(8);
  expect(metadata.lostSamples).toBe(1);
});
