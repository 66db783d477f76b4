// Knows: numbers of the last minutes, by time and by name, in a fixed amount of memory.
// Must not know: what is counted.
export const STEP_MS = 2_000;
export const STEPS = 150;
export const OTHER = '_other';

export function stepOf(nowMs: number): number {
  return Math.floor(nowMs / STEP_MS);
}

/** One number for each of the last steps. */
export class Ring {
  private readonly values = new Float64Array(STEPS);
  private newest = 0;

  add(by: number, step: number): void {
    this.set(this.at(step) + by, step);
  }

  /** Keeps the highest of the numbers within one step. */
  raise(to: number, step: number): void {
    this.set(Math.max(to, this.at(step)), step);
  }

  set(to: number, step: number): void {
    if (step <= this.newest - STEPS) return;
    this.forward(step);
    this.values[step % STEPS] = to;
  }

  /** Oldest first, up to this step. */
  read(step: number, steps = STEPS): number[] {
    return Array.from({ length: steps }, (_, index) => this.at(step - steps + 1 + index));
  }

  sum(step: number): number {
    let sum = 0;
    for (let index = step - STEPS + 1; index <= step; index++) sum += this.at(index);
    return sum;
  }

  private at(step: number): number {
    return step > this.newest || step <= this.newest - STEPS ? 0 : (this.values[step % STEPS] ?? 0);
  }

  /** Clears the steps since the last write. */
  private forward(step: number): void {
    const passed = step - this.newest;
    if (passed >= STEPS) this.values.fill(0);
    else for (let index = 1; index <= passed; index++) this.values[(this.newest + index) % STEPS] = 0;
    this.newest = Math.max(step, this.newest);
  }
}

export type Row<Column extends string> = Readonly<Record<Column, Ring>>;

export interface Sums<Column extends string> {
  readonly name: string;
  readonly sums: Readonly<Record<Column, number>>;
  readonly row: Row<Column>;
}

/** Rows of rings by name, `maxNames` at most. Idle rows make room; further names are `_other`. */
export class Table<Column extends string> {
  private readonly rows = new Map<string, Row<Column>>();
  private sweptAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly columns: readonly Column[],
    private readonly maxNames = 200,
  ) {}

  row(name: string, step: number): Row<Column> {
    const known = this.rows.get(name);
    if (known !== undefined) return known;
    if (this.rows.size >= this.maxNames && this.sweptAt !== step) this.dropIdle(step);
    if (this.rows.size >= this.maxNames && name !== OTHER) return this.row(OTHER, step);
    const row = this.record(() => new Ring());
    this.rows.set(name, row);
    return row;
  }

  /** Returns the sums within the window by name, without idle rows. */
  all(step: number): Sums<Column>[] {
    const all = [...this.rows].map(([name, row]) => ({
      name,
      row,
      sums: this.record((column) => row[column].sum(step)),
    }));
    return all.filter(({ sums }) => this.columns.some((column) => sums[column] !== 0));
  }

  /** Runs once a step: with more names than rows, each name would otherwise check all rows. */
  private dropIdle(step: number): void {
    this.sweptAt = step;
    const busy = new Set(this.all(step).map(({ name }) => name));
    for (const name of this.rows.keys()) if (!busy.has(name)) this.rows.delete(name);
  }

  private record<T>(make: (column: Column) => T): Record<Column, T> {
    return Object.fromEntries(this.columns.map((column) => [column, make(column)])) as Record<Column, T>;
  }
}
