// Knows: where a Grafana dashboard keeps its queries, and what Grafana puts in place of its variables.
// Must not know: what is queried.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly panels?: readonly Panel[];
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly thresholds?: { readonly steps: readonly unknown[] } } };
  readonly options?: { readonly yAxis?: { readonly unit?: string } };
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
}

export interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export const FOLDER = join(__dirname, '../../dashboards');

export function readDashboard(): Dashboard {
  const dashboard = JSON.parse(readFileSync(join(FOLDER, 'grafana/redis.json'), 'utf8')) as Dashboard;
  // A row that is collapsed keeps its panels to itself.
  return { ...dashboard, panels: dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]) };
}

/** What is sent to Prometheus when everything is selected. */
export function resolved(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5m').replaceAll(/\$(?:job|instance|server|family)\b/g, '.*');
}

/** The query behind `label_values(selector, label)`. */
export function valuesOf({ definition = '' }: Variable): string {
  const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
  return `count by (${label}) (${resolved(selector)})`;
}
