// Lines of JSON that C writes from the bytes of a record.

import assert from 'node:assert/strict';
import { lineForm as form, LineWriter } from '../../src/index.ts';
import type { Case } from '../support/case.ts';

const TEXT_AT = 16;
const OUT_BYTES = 4096;

/** A number, eight bytes of a clock, and a text with its length. */
function record(text: string): Uint8Array {
  const bytes = new Uint8Array(TEXT_AT + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 42, true);
  view.setBigUint64(4, 1_500_000_000n, true);
  view.setUint32(12, text.length, true);
  bytes.set(new TextEncoder().encode(text), TEXT_AT);
  return bytes;
}

export const recordLineCases: readonly Case[] = [
  {
    name: 'record line: what is usual is written by steps, and nothing else',
    run(native) {
      const steps = [
        { form: form.U32, name: '{"number":', field: 0 },
        { form: form.TIME, name: ',"time":"', field: 4 },
        { form: form.PAYLOAD, name: '"', field: TEXT_AT },
        { form: form.TEXT, name: ',"text":', field: 12 },
        { form: form.PIECE, name: ',"piece":', extra: 1 },
        { form: form.LEAVE_OUT_IF, field: 0, extra: 2, more: 1 },
        { form: form.NAME, name: 'left out' },
        { form: form.NAME, name: '}\n' },
      ];
      const names = steps.reduce((sum, { name = '' }) => sum + name.length, 0);
      const lines = new LineWriter(native, names);
      const line = lines.prepare(steps);
      const out = new Uint8Array(OUT_BYTES);
      const write = (bytes: Uint8Array, room = out): string => {
        lines.begin(1_700_000_000_000_000_000n, 'boot');
        lines.setPiece(1, '["a"]');
        const length = lines.write(line, bytes, 0, bytes.length, room, 3);
        return new TextDecoder().decode(room.subarray(3, 3 + length));
      };
      const written =
        '{"number":42,"time":"2023-11-14T22:13:21.500000000Z","text":"/bin/x","piece":["a"]}\n';
      assert.equal(write(record('/bin/x')), written);
      assert.equal(write(record('a"b')), '', 'a text to be escaped');
      assert.equal(write(record('/bin/x'), new Uint8Array(64)), '', 'no room');
      const cut = record('/bin/x');
      assert.equal(write(cut.slice(0, cut.length - 1)), '', 'a text that ends behind its record');
    },
  },
];
