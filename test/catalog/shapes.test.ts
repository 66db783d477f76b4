import assert from 'node:assert/strict';
import { type Family, KeyFamilies } from '../../src/catalog/families';
import { SHAPES, type Shape, Source } from './key-shapes';

/** An application of eight shapes, each at its own rate, in rounds; metrics are collected between them. */
class Application {
  readonly shapes: readonly Shape[];
  readonly ever = new Set<string>();
  private readonly families = new KeyFamilies<{ count: number }>();
  private readonly seen = new Set<Family<{ count: number }>>();
  private readonly r: Source;

  constructor(seed: number) {
    this.r = new Source(seed);
    const left = [...SHAPES];
    this.shapes = Array.from({ length: 8 }, () => left.splice(this.r.int(0, left.length - 1), 1)[0] as Shape);
  }

  /** The names under which the keys of a shape were counted, once there was time to learn. */
  run(): readonly ReadonlySet<string>[] {
    const rates = this.shapes.map(() => this.r.int(10, 30));
    const late = this.shapes.map(() => new Set<string>());
    for (let round = 0; round < 12; round++) {
      this.shapes.forEach(({ make }, index) => {
        for (let time = 0; time < (rates[index] as number); time++) this.see(make(this.r));
        for (const name of this.collect()) if (round >= 6) late[index]?.add(name);
      });
    }
    return late;
  }

  private see(key: string): void {
    const family = this.families.of(key);
    family.held ??= { count: 0 };
    family.held.count++;
    this.seen.add(family);
  }

  private collect(): Set<string> {
    this.families.decide();
    const names = new Set<string>();
    for (const { held, name } of this.seen) {
      if (held === undefined || held.count === 0) continue;
      held.count = 0;
      names.add(name);
      this.ever.add(name);
    }
    return names;
  }
}

function isRight({ family, other }: Shape, found: ReadonlySet<string>): boolean {
  const names = [...found];
  if (typeof family === 'string') return names.length === 1 && (names[0] === family || names[0] === other);
  return names.length > 0 && names.every((name) => family(name) === name && !name.startsWith('{}'));
}

describe('key families of real software', () => {
  const applications = Array.from({ length: 40 }, (_, seed) => new Application(1_000 + seed));
  const results = applications.map((application) => ({ application, late: application.run() }));

  it('are those that an operator expects', () => {
    const wrong = results.flatMap(({ application, late }) =>
      application.shapes.flatMap((shape, index) => {
        const found = late[index] as ReadonlySet<string>;
        return isRight(shape, found) ? [] : [`${shape.name}: ${[...found].slice(0, 4).join(' | ')}`];
      }),
    );
    assert.ok(wrong.length <= 0.05 * 8 * results.length, `${wrong.length} of ${8 * results.length}:\n${wrong.join('\n')}`);
  });

  it('have few names in the life of a process', () => {
    const named = results.reduce((sum, { application }) => sum + application.ever.size, 0);
    assert.ok(named <= 3 * 8 * results.length, `${named} names of ${8 * results.length} shapes`);
  });

  it('are not shared by two shapes', () => {
    for (const { application, late } of results) {
      const owners = new Map<string, string>();
      late.forEach((names, index) => {
        const { name } = application.shapes[index] as Shape;
        for (const family of names) {
          assert.equal(owners.get(family), undefined, `${family} of ${name} is that of ${owners.get(family)}`);
          owners.set(family, name);
        }
      });
    }
  });
});
