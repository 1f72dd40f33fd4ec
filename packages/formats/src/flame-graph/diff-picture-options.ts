/** What the picture and the page of a difference take besides the numbers. */
import type { ProfileMetadata } from '../profile.ts';

/** What a picture says besides the numbers. */
export interface DiffPictureOptions {
  readonly title?: string;
  /** Of the two recordings. */
  readonly before?: ProfileMetadata;
  readonly after?: ProfileMetadata;
  /** Which profile's shares are the widths of boxes; `after` by default. */
  readonly sizeBy?: 'before' | 'after';
}
