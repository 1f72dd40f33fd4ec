/** Reads a section of call frame information, within a window that moves from record to record. */
import { ByteCursor } from '@waggle/symbols';
import { UnwindError } from '../error.ts';

export class FrameCursor extends ByteCursor {
  /** @throws UnwindError */
  protected override error(code: 'truncated' | 'malformed', message: string): UnwindError {
    return new UnwindError(code, message);
  }

  /** A NUL-terminated string of at most `limit` bytes. */
  string(limit: number): string {
    let text = '';
    for (let count = 0; count <= limit; count++) {
      const byte = this.u8();
      if (byte === 0) return text;
      text += String.fromCharCode(byte);
    }
    throw new UnwindError('malformed', `a string at ${this.at} exceeds ${limit} bytes`);
  }
}
