/** What the picture and the page of a difference take besides the numbers. */
import type { ProfileMetadata } from '../profile.ts';

/** What a picture says besides the numbers. */
export interface DiffPictureOptions {
  readonly title?: string | undefined;
  /** Of the two recordings. */
  readonly before?: ProfileMetadata | undefined;
  readonly after?: ProfileMetadata | undefined;
  /** Which profile's shares are the widths of boxes; `after` by default. */
  readonly sizeBy?: 'before' | 'after' | undefined;
}
