import { expect, it } from 'vitest';
import { lastLines, shortened, Tail } from '../../../../src/host/linux/process/output.js';

it('keeps the last bytes in chunks of any size', () => {
  const whole = Buffer.from('0123456789'.repeat(30));
  for (const size of [1, 3, 10, 11, 25, 300]) {
    const tail = new Tail(10);
    for (let at = 0; at < whole.length; at += size) tail.add(whole.subarray(at, at + size));
    expect(tail.text()).toBe('0123456789');
  }
});

it('keeps all of a shorter output', () => {
  const tail = new Tail(10);
  expect(tail.text()).toBe('');
  tail.add(Buffer.from('ab'));
  tail.add(Buffer.from('c'));
  expect(tail.text()).toBe('abc');
});

it('joins a character split over two chunks', () => {
  const tail = new Tail(10);
  const [first, second] = [...Buffer.from('é')] as [number, number];
  tail.add(Buffer.from([first]));
  tail.add(Buffer.from([second]));
  expect(tail.text()).toBe('é');
});

it('is quoted by its last lines', () => {
  const lines = Array.from({ length: 9 }, (_, index) => `  line ${index}\n\n`).join('');
  expect(lastLines(lines)).toBe('line 5; line 6; line 7; line 8');
  expect(lastLines(lines, 1)).toBe('line 8');
  expect(lastLines('\n \n')).toBe('');
});

it('is quoted in bounded length, however long its lines are', () => {
  const long = lastLines(`begin ${'x'.repeat(64 * 1024)}\n${'y'.repeat(64 * 1024)} end`);
  expect(long.length).toBeLessThan(1010);
  expect(long).toMatch(/^begin x+ … y+ end$/);
  expect(shortened('0123456789', 10)).toBe('0123456789');
  expect(shortened('0123456789a', 10)).toBe('01234 … 6789a');
});
