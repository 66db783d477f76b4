import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER, type Panel, readDashboard } from './grafana';

const MODULES = join(FOLDER, '../node_modules');

/** What @grafana/schema says of a dashboard, in which enums are the words of JSON, and what is left out has a default. */
const TYPES = `
import type { Dashboard, FieldConfig, Panel, RowPanel, VariableModel } from '@grafana/schema';
import type * as heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Written<T> = T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]?: Written<T[K]> } : T;
interface Query { refId: string; datasource: { type: 'prometheus'; uid: string }; expr: string; legendFormat: string; format?: 'heatmap' }
type Shown<Type, Options, Custom> = Omit<Written<Panel>, 'type' | 'options' | 'targets' | 'fieldConfig'> & {
  type: Type;
  options: Written<Options>;
  targets: Query[];
  fieldConfig: { defaults: Omit<Written<FieldConfig>, 'custom'> & { custom?: Written<Custom> }; overrides: [] };
};
type One =
  | Shown<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | Shown<'stat', stat.Options, never>
  | Shown<'heatmap', heatmap.Options, heatmap.FieldConfig>;
type Row = Omit<Written<RowPanel>, 'panels'> & { type: 'row'; panels: One[] };
/** What a variable of a saved dashboard has beyond the schema. */
type Variable = Written<VariableModel> & { definition?: string };
type Whole = Omit<Written<Dashboard>, 'panels' | 'templating'> & { panels: (One | Row)[]; templating: { list: Variable[] } };
`;

/** What the compiler finds wrong with a dashboard. */
function faultsOf(dashboard: string): string {
  // Where the compiler finds the types.
  const folder = mkdtempSync(join(MODULES, 'dashboard-'));
  try {
    const file = join(folder, 'dashboard.ts');
    writeFileSync(file, `${TYPES}\nexport const dashboard = ${dashboard.trim()} satisfies Whole;\n`);
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'node20', '--moduleResolution', 'node16', '--ignoreConfig'];
    const { stdout } = spawnSync(join(MODULES, '.bin/tsc'), [...options, file], { encoding: 'utf8' });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the dashboard for Grafana', () => {
  const text = readFileSync(join(FOLDER, 'grafana/redis.json'), 'utf8');

  it("is what Grafana's own types say", () => {
    assert.equal(faultsOf(text), '');
  });

  it('would be found to be wrong if it were', () => {
    for (const [right, wrong] of [
      ['"showPoints": "never"', '"showPoints": "sometimes"'],
      ['"mode": "absolute"', '"mode": "certain"'],
      ['"graphMode": "area"', '"graphModel": "area"'],
      ['"w": 4', '"width": 4'],
    ] as const) {
      assert.ok(text.includes(right));
      assert.match(faultsOf(text.replace(right, wrong)), /error TS/, wrong);
    }
  });

  it('has a unit and thresholds on every panel: without them Grafana shows 80 and more in red', () => {
    const hasUnit = ({ fieldConfig, options }: Panel) => fieldConfig?.defaults.unit ?? options?.yAxis?.unit;
    for (const panel of readDashboard().panels.filter(({ type }) => type !== 'row')) {
      assert.ok(hasUnit(panel), panel.title);
      assert.ok((panel.fieldConfig?.defaults.thresholds?.steps.length ?? 0) > 0, panel.title);
    }
  });
});
