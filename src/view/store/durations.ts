// Knows: the durations of the latest calls: percentiles by command, and over time for all.
// Must not know: spans.
import { Ring } from './window';

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

const PER_COMMAND = 512;
const OF_ALL = 2_048;

export class Durations {
  private readonly byCommand = new Map<string, Samples>();
  private readonly all = new Samples(OF_ALL);
  private readonly p95 = new Ring();
  private current = { step: 0, samples: new Samples(OF_ALL) };

  constructor(private readonly maxCommands: number) {}

  /** A blocking command counts only for itself, not for all. */
  add(command: string, durationMs: number, isBlocking: boolean, step: number): void {
    this.samplesOf(command)?.add(durationMs);
    if (isBlocking) return;
    this.all.add(durationMs);
    if (this.current.step !== step) {
      this.closeStep();
      this.current = { step, samples: new Samples(OF_ALL) };
    }
    this.current.samples.add(durationMs);
  }

  of(command: string): Percentiles | undefined {
    return this.byCommand.get(command)?.percentiles();
  }

  ofAll(): Percentiles | undefined {
    return this.all.percentiles();
  }

  p95OverTime(step: number, steps: number): number[] {
    this.closeStep();
    return this.p95.read(step, steps);
  }

  private samplesOf(command: string): Samples | undefined {
    let samples = this.byCommand.get(command);
    if (samples === undefined && this.byCommand.size < this.maxCommands) {
      samples = new Samples(PER_COMMAND);
      this.byCommand.set(command, samples);
    }
    return samples;
  }

  private closeStep(): void {
    const { step, samples } = this.current;
    this.p95.set(samples.percentiles()?.p95 ?? 0, step);
  }
}

/** The last `size` numbers. */
class Samples {
  private readonly values: number[] = [];
  private next = 0;

  constructor(private readonly size: number) {}

  add(value: number): void {
    this.values[this.next] = value;
    this.next = (this.next + 1) % this.size;
  }

  percentiles(): Percentiles | undefined {
    if (this.values.length === 0) return undefined;
    const sorted = [...this.values].sort((a, b) => a - b);
    return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
  }
}

// Nearest rank: with few samples it returns a real one, where interpolation would invent one.
function percentile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? 0;
}
