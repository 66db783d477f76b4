// Knows: whether a text consists of words or of random characters.
// Must not know: keys, commands, what is done with the result.

/**
 * How much more often one letter follows another in English and in identifiers than by chance, as log2 + 6. Rows are
 * the first letter, columns the second, a to z. Counted over the READMEs and type declarations of a few hundred
 * packages. A word list would be larger, and a rule about vowels was wrong ten times as often.
 */
const FOLLOWS = [
  '47874573736979270989664363',
  '74447322630722630662710141',
  '83648308717730922658712052',
  '74459441832533731563632140',
  '85897764543889575998475852',
  '63327600811621710544601050',
  '62328256602535511753610022',
  '70108010711432710535501040',
  '76877771124779961788371516',
  '50105000401001520150400000',
  '52227330611323431362402030',
  '84469431914832840366642080',
  '85438020831463770153511131',
  '84888693736446752389553054',
  '56774562545789670977767443',
  '81438235603742860856610140',
  '00000000100200000010600000',
  '94669553816576850687653071',
  '73749407815544773389723250',
  '82649348920543840887605272',
  '66666451612778360777201312',
  '61108020700020510222210010',
  '61036015601315600552102111',
  '30405301500020260006200220',
  '43435220502444450254003013',
  '50116000501210410010100024',
];

/** A small letter before a capital one, or a letter beside a digit: rare in names, common by chance. */
const CHANGE = -2;

/** Chosen to balance random texts taken for words and identifiers taken for random texts: segments.test.ts. */
const WORDS_SCORE = 2;

/** Whether the text reads like words rather than random characters. Made for texts of 20 characters or more. */
export function looksLikeWords(text: string): boolean {
  return scoreWords(text) >= WORDS_SCORE;
}

/** Above 0: words are more likely than chance. */
export function scoreWords(text: string): number {
  let score = 0;
  let before = -1;
  let wasSmall = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const isSmall = code >= 97 && code <= 122;
    const letter = isSmall ? code - 97 : code >= 65 && code <= 90 ? code - 65 : code >= 48 && code <= 57 ? DIGIT : -1;
    if (before >= 0 && letter >= 0) score += scorePair(before, letter, wasSmall && !isSmall);
    before = letter;
    wasSmall = isSmall;
  }
  return score;
}

const DIGIT = 26;

function scorePair(before: number, letter: number, isHump: boolean): number {
  if (before === DIGIT && letter === DIGIT) return 0;
  if (before === DIGIT || letter === DIGIT || isHump) return CHANGE;
  return (FOLLOWS[before] as string).charCodeAt(letter) - 54; // '0' is 48, and 6 was added
}
