import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ensureBinary } from '../../scripts/binaries.mjs';
import { FOLDER } from './grafana';

interface Rules {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

interface Rule {
  readonly alert?: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly description?: string; readonly runbook_url?: string };
}

interface UnitTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const RULES = join(FOLDER, 'prometheus/rules.yml');
const UNIT_TESTS = join(__dirname, 'alerts.yml');

function promtool(...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(ensureBinary('promtool'), args, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
}

function read<T>(file: string): T {
  return parse(readFileSync(file, 'utf8')) as T;
}

describe('the rules for Prometheus', () => {
  it('are rules', () => promtool('check', 'rules', RULES));

  it('raise each alert in its situation, and not in similar ones', () => promtool('test', 'rules', UNIT_TESTS));

  it('have a unit test for every alert that raises it, and say what to do about it', () => {
    const alerts = read<Rules>(RULES)
      .groups.flatMap(({ rules }) => rules)
      .filter(({ alert }) => alert !== undefined);
    const raised = read<UnitTests>(UNIT_TESTS)
      .tests.flatMap(({ alert_rule_test: cases = [] }) => cases)
      .filter(({ exp_alerts: expected }) => expected.length > 0);
    assert.deepEqual([...new Set(raised.map(({ alertname }) => alertname))].sort(), alerts.map(({ alert }) => alert).sort());
    for (const { alert, labels, annotations } of alerts) {
      assert.match(labels?.severity ?? '', /^(critical|warning|info)$/, alert);
      assert.ok(annotations?.runbook_url?.includes(`#${alert?.toLowerCase()}{{`), alert);
      assert.ok((annotations?.summary?.length ?? 0) > 0 && (annotations?.description?.length ?? 0) > 40, alert);
    }
  });

  it('have a section for each alert, and no other, in the page that says what to do', () => {
    const alerts = read<Rules>(RULES).groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
    const page = readFileSync(join(FOLDER, '../docs/alerts.md'), 'utf8');
    const sections = [...page.matchAll(/^### (\w+)$/gm)].map(([, title]) => title);
    assert.deepEqual(sections.sort(), alerts.sort());
  });
});
