import { expect, it } from 'vitest';
import { withResult } from './report.ts';

const document = `# Benchmarks

Words before.
<!-- bench: events -->
old
<!-- end -->
Words between.
<!-- bench: gateway -->
old
<!-- end -->
`;

it('replaces what stands between the marks of one benchmark, and nothing else', () => {
  const result = { name: 'gateway', command: 'node bench/gateway.ts', output: '76 us\n' };
  expect(withResult(document, result)).toBe(
    document.replace(/(gateway -->\n)old\n/, '$1`node bench/gateway.ts`\n\n```\n76 us\n```\n'),
  );
});

it('says which place is missing', () => {
  const result = { name: 'control', command: 'x', output: 'y' };
  expect(() => withResult(document, result)).toThrow('no place for "control"');
});
