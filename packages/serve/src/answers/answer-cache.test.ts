import { expect, test } from 'bun:test';
import { AnswerCache } from './answer-cache.ts';

const MB = 1024 * 1024;

test('an answer is made once for all that ask meanwhile, and for those after them', async () => {
  const answers = new AnswerCache();
  let made = 0;
  const make = async () => {
    await Bun.sleep(1);
    return `answer ${++made}`;
  };
  const asked = await Promise.all([answers.get('a', make), answers.get('a', make)]);
  asked.push(await answers.get('a', make));
  expect(asked.map((each) => new TextDecoder().decode(each))).toEqual(Array(3).fill('answer 1'));
  expect(answers.bytes).toBe(8);
});

test('all who ask hear of a failure, and whoever asks next asks anew', async () => {
  const answers = new AnswerCache();
  const fails = () => Promise.reject(new Error('disk'));
  const asked = await Promise.allSettled([answers.get('a', fails), answers.get('a', fails)]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(answers.get('a', fails)).rejects.toThrow('disk');
  expect(await answers.get('a', async () => 'here')).toEqual(new TextEncoder().encode('here'));
});

test('12 MiB of answers are kept, those that were asked for last', async () => {
  const answers = new AnswerCache();
  const large = async () => new Uint8Array(4 * MB);
  for (const key of ['a', 'b', 'c', 'a', 'd']) await answers.get(key, large);
  let made = 0;
  const again = async () => {
    made++;
    return '';
  };
  for (const key of ['a', 'c', 'd']) await answers.get(key, again);
  expect([made, answers.bytes]).toEqual([0, 12 * MB]);
  await answers.get('b', again);
  expect(made).toBe(1);
});

test('one that is too large to be kept is answered, and costs the others nothing', async () => {
  const answers = new AnswerCache();
  await answers.get('small', async () => 'small');
  expect((await answers.get('large', async () => new Uint8Array(33 * MB))).length).toBe(33 * MB);
  expect(answers.bytes).toBe(5);
});

test('all are answered, however many are asked for at once', async () => {
  const answers = new AnswerCache();
  const slowly = (key: number) => async () => {
    await Bun.sleep(1);
    return String(key);
  };
  const asked = Array.from({ length: 200 }, (_, key) => answers.get(String(key), slowly(key)));
  const texts = (await Promise.all(asked)).map((each) => new TextDecoder().decode(each));
  expect(texts).toEqual(Array.from({ length: 200 }, (_, key) => String(key)));
});
