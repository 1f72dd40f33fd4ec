// The platforms that the library is built for, and by what. A part of the digest of its sources (scripts/setup-prebuilt.sh).

/** What zig calls each: glibc as old as that of the oldest system that Bun and Deno run on. */
export const ZIG_TARGETS = {
  'linux-x64': 'x86_64-linux-gnu.2.28',
  'linux-arm64': 'aarch64-linux-gnu.2.28',
  'linux-x64-musl': 'x86_64-linux-musl',
  'linux-arm64-musl': 'aarch64-linux-musl',
} as const;

export type Platform = keyof typeof ZIG_TARGETS;
export const PLATFORMS = Object.keys(ZIG_TARGETS) as readonly Platform[];

/** zig as PyPI has it: another one makes other bytes. */
export const ZIG_VERSION = '0.17.1';
