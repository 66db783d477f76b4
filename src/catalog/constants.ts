// Knows: which digits within words are part of a name because they never change: `limit6`.
// Must not know: how keys are grouped.

/** Marks a variable part of a template. Keys with control characters are never grouped, so it cannot collide. */
export const VARIES = '\u0001';

/** The number of sightings after which a number within a word counts as a part of the name. */
const MIN_SEEN = 5;

/** The digits at each `{}` of a template, if they are always the same. */
export type Digits = readonly (string | undefined)[];

export const NO_DIGITS: Digits = [];

/** Returns the digits that two keys of one template have in common. Returns the same object if nothing changed. */
export function commonDigits(known: Digits, others: Digits): Digits {
  if (known.length === 0) return known;
  if (others.length === 0) return NO_DIGITS;
  if (known.every((digits, index) => digits === undefined || digits === others[index])) return known;
  const common = known.map((digits, index) => (digits === others[index] ? digits : undefined));
  return common.some((digits) => digits !== undefined) ? common : NO_DIGITS;
}

interface Numbered {
  readonly parts: readonly string[];
  readonly digits: Digits;
  readonly seen: number;
}

/** The constant digits of one family, by the index of the part. */
interface Constants {
  seen: number;
  readonly parts: Map<number, Digits>;
}

/** Renders families as text, with the digits that are the same in all keys of a family. */
export function renderAll(families: readonly Numbered[], decided: readonly (readonly string[])[]): readonly string[] {
  const constants = new Map<string, Constants>();
  const texts = decided.map((parts) => parts.join(''));
  families.forEach((family, index) => {
    const known = constants.get(texts[index] as string);
    if (known === undefined && family.digits === NO_DIGITS) return;
    const found = known ?? { seen: 0, parts: new Map<number, Digits>() };
    found.seen += family.seen;
    collect(found, family, decided[index] as readonly string[], known === undefined);
    constants.set(texts[index] as string, found);
  });
  // Includes the sightings counted before the first one with digits.
  families.forEach(({ digits }, index) => {
    if (digits === NO_DIGITS) constants.get(texts[index] as string)?.parts.clear();
  });
  return decided.map((parts, index) => render(parts, constants.get(texts[index] as string)));
}

function collect(
  { parts: found }: Constants,
  { parts, digits }: Numbered,
  decided: readonly string[],
  isFirst: boolean,
): void {
  let from = 0;
  parts.forEach((part, index) => {
    const to = from + countPlaces(part);
    const own = digits.slice(from, to);
    from = to;
    if (own.length === 0 || decided[index] !== part) return;
    const before = found.get(index);
    found.set(index, isFirst ? own : before === undefined ? NO_DIGITS : commonDigits(before, own));
  });
}

/** Renders the name of a family. */
export function render(parts: readonly string[], constants: Constants | undefined): string {
  let text = '';
  parts.forEach((part, index) => {
    const digits = constants !== undefined && constants.seen >= MIN_SEEN ? constants.parts.get(index) : undefined;
    let place = 0;
    text += part.includes(VARIES) ? part.replaceAll(VARIES, () => digits?.[place++] ?? '{}') : part;
  });
  return text;
}

function countPlaces(part: string): number {
  let count = 0;
  for (let at = part.indexOf(VARIES); at >= 0; at = part.indexOf(VARIES, at + 1)) count++;
  return count;
}
