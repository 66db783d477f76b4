import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as semconv from '../../src/core/semconv';

const ROOT = resolve(__dirname, '../..');

describe('the documentation', () => {
  it('has every attribute, metric and event', () => {
    const names = Object.entries(semconv).filter(([key]) => /^(ATTR|METRIC|EVENT)_/.test(key));
    const pages = ['README.md', 'docs/spans.md', 'docs/metrics.md', 'docs/events.md'];
    const text = pages.map((page) => readFileSync(resolve(ROOT, page), 'utf8')).join('\n');
    const missing = names.filter(([, name]) => !text.includes(`\`${name}\``)).map(([, name]) => name);
    assert.deepEqual(missing, []);
  });
});
