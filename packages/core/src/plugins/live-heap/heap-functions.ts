/** Functions that allocate and free: which of their arguments say how much and where. */

import type { ResolvedEvent } from '@waggle/probes';

/** By the numbers of arguments, from 1 on. */
export interface HeapFunction {
  /** Where it stands: `resolveEvent` of @waggle/probes, of a function's entry. */
  readonly event: Extract<ResolvedEvent, { kind: 'user' }>;
  /** So many bytes are allocated; none: it only frees. */
  readonly size?: number | undefined;
  /** Times this. */
  readonly count?: number | undefined;
  /** Where to is written there, and 0 is returned. Default: it is what is returned. */
  readonly pointer?: number | undefined;
  /** What is freed; of one that allocates, if that succeeds. */
  readonly frees?: number | undefined;
}

/** malloc(3), posix_memalign(3): functions of a C library, or of an allocator in its place. */
export const MALLOC: Readonly<Record<string, Omit<HeapFunction, 'event'>>> = {
  malloc: { size: 1 },
  calloc: { size: 2, count: 1 },
  realloc: { size: 2, frees: 1 },
  reallocarray: { size: 3, count: 2, frees: 1 },
  posix_memalign: { size: 3, pointer: 1 },
  aligned_alloc: { size: 2 },
  memalign: { size: 2 },
  valloc: { size: 1 },
  pvalloc: { size: 1 },
  free: { frees: 1 },
};
