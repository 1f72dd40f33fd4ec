/**
 * What a message will be in memory once it is decoded, by its schema and its bytes: an empty message
 * takes two bytes in a file and an object in memory, which protobufjs makes twice.
 */
import type { MemoryBudget } from '../memory-budget.ts';
import { WireReader, type WireValue } from '../wire.ts';
import type { MessageName } from './message.ts';
import { profileMessages } from './schema.ts';

/** An object of protobufjs and ours, both with their empty lists. */
const MESSAGE = 160;
/** A number of 64 bits is an object of its own, and a bigint later; a list has a place for each number. */
const NUMBER = { wide: 80, narrow: 16 } as const;

const WIDE = /64$/;

interface Field {
  readonly id: number;
  readonly type: string;
}

type Fields = ReadonlyMap<number, Field>;

let known: ReadonlyMap<string, Fields> | undefined;

/** Made at first use, as protobufjs is loaded. */
function fieldsById(): ReadonlyMap<string, Fields> {
  known ??= new Map(
    Object.entries(profileMessages).map(([name, fields]) => [
      name,
      new Map((Object.values(fields) as Field[]).map((field) => [field.id, field])),
    ]),
  );
  return known;
}

/** @throws ProfileTooLargeError when it is more than is left; an Error when the bytes are no message. */
export function spendOnMessage(name: MessageName, bytes: Uint8Array, budget: MemoryBudget): void {
  const what = 'the rows of its tables';
  const byId = fieldsById();
  // No message of these is inside of itself, so that the schema bounds the depth.
  const count = (type: string) => (id: number, value: WireValue) => {
    const field = byId.get(type)?.get(id);
    if (field === undefined) return;
    if (byId.has(field.type)) {
      budget.spend(MESSAGE, what);
      value.message(count(field.type));
    } else if (field.type === 'string' || field.type === 'bytes')
      budget.spend(2 * (value.length + 16), 'its texts');
    else {
      const each = WIDE.test(field.type) ? NUMBER.wide : NUMBER.narrow;
      value.integers(() => budget.spend(each, 'the numbers of its tables'));
    }
  };
  new WireReader(bytes).fields(count(name));
}
