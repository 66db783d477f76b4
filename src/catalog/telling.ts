// Knows: names that announce a secret in a key.
// Must not know: commands, settings, what is done with the secret.

/** Most keys have none of these, and need no slower pattern. */
const MAY_TELL = /p(?:ass|w)|secret|key|credential/i;

/** Whether the text may contain a telling name. */
export function mayTell(text: string): boolean {
  return MAY_TELL.test(text);
}

/** The same pattern for small and capital letters. Unlike with the flag `i`, `[a-z]` still tells them apart. */
function anyCase(pattern: string): string {
  return pattern.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** They may end a longer word: `dbPassword`, `clientsecret`. The list is short: `token:refresh` names a kind. */
const NAME = anyCase(
  '(?:passw(?:or)?d|pwd|passphrase|secret|credential|' +
    '(?:api|private|access|secret|encryption|signing|master)[_-]?key)s?',
);
/** They must be words. */
const PW = `(?<![A-Za-z0-9])${anyCase('pw')}|(?<=[a-z])Pw`;
const PASS = `(?<![A-Za-z0-9])${anyCase('pass')}|(?<=[a-z])Pass`;

/**
 * The segment behind a telling name, whatever it is: `it`. It ends at a separator of the same kind: a secret may
 * contain a slash or a dot. `pass:42` may be one to board with.
 */
export const BEHIND_TELLING_NAME = new RegExp(
  `(?:${NAME}|${PW})(?:[_-]?[0-9]+)?[)}\\]]*(?<separator>[:/|.#])+(?<it>(?:(?!\\k<separator>)[^:])+)`,
  'gd',
);

const TELLING = new RegExp(`(?:${NAME}|${PW}|${PASS})(?![a-z])`);

/** Whether the key has a telling name, behind which what looks like a secret is one: `reset_password_hunter2`. */
export function tellsOfSecret(key: string): boolean {
  return MAY_TELL.test(key) && TELLING.test(key);
}

/** A word of letters and digits, but no version. */
const MIXTURE = /^(?=.*\d)(?=.*[a-z])(?!v\d{1,2}$).{4,}/i;

/** Whether a word behind a telling name is rather a secret than a name. */
export function looksLikeSecret(word: string): boolean {
  return MIXTURE.test(word);
}
