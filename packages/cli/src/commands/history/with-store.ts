/** Opens the store, and says in words why it cannot be. */

import { isDamage, StoreError, StoreReader } from '@waggle/store';
import { printable } from '@waggle/text';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { momentText } from '../../store/moment.ts';
import { ownLibrary } from '../../store/own-library.ts';
import { isForeign } from '../../store/store-problem.ts';
import { say } from '../../terminal/messages.ts';

/** @returns the exit code */
export async function withStore(
  directory: string,
  use: (store: StoreReader) => Promise<number> | number,
): Promise<number> {
  try {
    using store = new StoreReader(directory, { library: await ownLibrary() });
    return await use(store);
  } catch (error) {
    if (isDamage(error)) {
      say(
        `a part of the store in ${printable(directory)} is damaged, and what is behind it cannot be read: another span may be whole; an agent that is started on it puts it aside and saves what can be read`,
      );
      return FAILED;
    }
    if (isForeign(error)) {
      say(
        `what is in the store in ${printable(directory)} is not what an agent of this version writes: ${String((error as Error).message)}`,
      );
      return FAILED;
    }
    if (!(error instanceof StoreError)) throw error;
    say(printable(error.message));
    return error.code === 'query' ? USAGE_ERROR : FAILED;
  }
}

/** Nothing was found: what there would have been. @param nothing in words */
export function sayWhatIsKept({ kept }: StoreReader, nothing: string): void {
  say(
    kept === undefined
      ? 'nothing is kept yet'
      : `${nothing}; the store has ${momentText(kept.fromNs)} to ${momentText(kept.toNs)}`,
  );
}
