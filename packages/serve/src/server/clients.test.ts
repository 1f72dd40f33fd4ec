import { expect, test } from 'bun:test';
import { Problem } from '../answers/problem.ts';
import { ClientRates, clientOf, keyOf, networkOf } from './clients.ts';

const asked = (headers: Record<string, string> = {}) => new Request('http://a/', { headers });

test('an address is a client, and of IPv6 a network of 64 bits', () => {
  for (const [address, network] of [
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::1', '0:0:0:0::'],
    ['fe80::1', 'fe80:0:0:0::'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::'],
    ['2001:db8:1::9', '2001:db8:1:0::'],
    ['::', '0:0:0:0::'],
    ['', ''],
  ] as const)
    expect([address, networkOf(address)]).toEqual([address, network]);
});

test('elsewhere than on loopback and behind a proxy nobody names himself', () => {
  const headers = { 'x-forwarded-for': '10.0.0.9', 'user-agent': 'curl/8' };
  expect(clientOf(asked(headers), '10.1.2.3', false)).toEqual({
    address: '10.1.2.3',
    name: undefined,
  });
  expect(clientOf(asked(headers), '127.0.0.1', true)).toEqual({
    address: '127.0.0.1',
    name: '10.0.0.9',
  });
  expect(clientOf(asked({ 'user-agent': 'curl/8' }), '127.0.0.1', true).name).toBe('curl/8');
  // The proxy's own word is the last.
  const forged = asked({ 'x-forwarded-for': '1.1.1.1, 10.0.0.9' });
  expect(clientOf(forged, '127.0.0.1', true).name).toBe('10.0.0.9');
  const long = asked({ 'user-agent': 'a'.repeat(5000) });
  expect(keyOf(clientOf(long, '127.0.0.1', true)).length).toBeLessThan(200);
});

test('what is remembered of clients is bounded, and a busy one is not forgotten for others', () => {
  const rates = new ClientRates();
  const busy = { address: '10.0.0.1', name: undefined };
  let refused = 0;
  for (let at = 0; at < 20_000; at++) {
    rates.take({ address: `10.1.${at >> 8}.${at & 255}`, name: undefined }, 1000);
    try {
      rates.take(busy, 1000);
    } catch (error) {
      expect(error).toBeInstanceOf(Problem);
      refused++;
    }
  }
  expect(rates.size).toBeLessThanOrEqual(4096);
  expect(refused).toBe(20_000 - 300);
});

test('one that gives itself another name each time is held to what its address has', () => {
  const rates = new ClientRates();
  const taken = (address: string, name: string): boolean => {
    try {
      rates.take({ address, name }, 1000);
      return true;
    } catch {
      return false;
    }
  };
  const names = Array.from({ length: 3000 }, (_, at) => `name-${at}`);
  expect(names.filter((name) => taken('127.0.0.1', name)).length).toBe(1200);
  expect(taken('127.0.0.2', 'name-1')).toBe(true);
  // Who is refused under one name takes nothing from what the address has.
  expect(names.filter(() => taken('10.0.0.1', 'one')).length).toBe(300);
  expect(names.filter((name) => taken('10.0.0.1', name)).length).toBe(900);
});
