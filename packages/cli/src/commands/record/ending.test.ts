import { expect, test } from 'bun:test';
import { Ending } from './ending.ts';

function made() {
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  const naming = { begin: tell('naming begins'), end: () => told.push('naming ends') > 0 };
  const ended = Promise.withResolvers<{ exitCode: number }>();
  const command = { pid: 1, ended: ended.promise, end: tell('command ends') };
  const ending = new Ending({ stop: tell('session stops') }, naming);
  return { told, ending, command, ended };
}

test('the first signal ends sampling, the next one naming', () => {
  const { told, ending } = made();
  ending.heedSignal();
  ending.heedSignal();
  expect(told).toEqual(['session stops', 'naming ends']);
});

test('with a command it is the command that ends, and the session with it', async () => {
  const { told, ending, command, ended } = made();
  ending.follow(command);
  ending.stop();
  ending.stop();
  expect(told).toEqual(['command ends', 'command ends']);
  ended.resolve({ exitCode: 0 });
  await Bun.sleep(0);
  expect(told.slice(2)).toEqual(['session stops', 'naming begins']);
});
