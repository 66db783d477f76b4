// Knows: which digits within words are part of a name, for they never change: `limit6`.
// Must not know: how keys are told apart.

/** What varies, within a template. No key with a control character is looked at. */
export const VARIES = '\u0001';

/** So often one number stood in a word before it is part of its name. */
const MIN_SEEN = 5;

/** For each `{}` of a template the digits that stand there, if they are always the same. */
export type Digits = readonly (string | undefined)[];

export const NO_DIGITS: Digits = [];

/** What two keys of one template have in common. The same object if nothing changed. */
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

/** Of one family: the digits in each part, by the index of the part. */
interface Constants {
  seen: number;
  readonly parts: Map<number, Digits>;
}

/** Families as text, with the digits that are the same in all that belong to them. */
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
  // What came before the first that has digits counts as well.
  families.forEach(({ digits }, index) => {
    if (digits === NO_DIGITS) constants.get(texts[index] as string)?.parts.clear();
  });
  return decided.map((parts, index) => render(parts, constants.get(texts[index] as string)));
}

function collect({ parts: found }: Constants, { parts, digits }: Numbered, decided: readonly string[], isFirst: boolean): void {
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

/** The family as it is shown. */
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
