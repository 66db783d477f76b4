import assert from 'node:assert/strict';
import { compile, type Role } from '../../src/catalog/grammar';
import { assignRoles } from '../../src/catalog/reader';

/** The roles of a command line behind its name, which is not there. */
function rolesOf(row: string, args: readonly unknown[], until = Number.POSITIVE_INFINITY): Role[] {
  const roles: Role[] = [];
  assert.equal(assignRoles(compile(row), args, 0, until, roles), Math.min(until, args.length));
  return roles;
}

describe('the language of the table', () => {
  const cases: readonly [title: string, row: string, args: readonly unknown[], roles: string][] = [
    ['gives nothing to no arguments', 'key', [], ''],
    ['hides what the row does not speak for', 'key', ['k', 'x', 'y'], 'key value value'],
    ['takes one argument for one role', 'key stored', ['k', 'v'], 'key stored'],
    ['takes the rest for +', 'key+', ['a', 'b', 'c'], 'key key key'],
    ['takes groups for +', '(field item)+', ['f', 'v', 'g', 'w'], 'field item field item'],
    ['takes all but the last for a + that something follows', 'key+ number', ['a', 'b', 0], 'key key number'],
    ['takes none for a + when only the last is there', 'key path+ value', ['k', '"x"'], 'key value'],
    ['reads a count and that many', '#key value+', ['2', 'a', 'b', 'c'], 'number key key value'],
    ['reads a count given as a number', '#key value+', [1, 'a', 'b'], 'number key value'],
    ['reads a count given as bytes', '#key value+', [Buffer.from('1'), 'a', 'b'], 'number key value'],
    ['reads a count of none', '#key value+', ['0', 'a'], 'number value'],
    ['reads groups behind a count', '#(key item) [NX]', ['2', 'a', 'b', 'c', 'd', 'NX'], 'number key item key item word'],
    ['hides all behind a count that is none', '#key value+', ['two', 'a', 'b'], 'value value value'],
    ['hides all behind a negative count', '#key', ['-1', 'a'], 'value value'],
    ['hides all behind a count of more than there is', '#key', ['3', 'a', 'b'], 'value value value'],
    ['believes a count of just what there is', '#key', ['2', 'a', 'b'], 'number key key'],
    ['splits the rest in halves', 'STREAMS {key cursor}', ['STREAMS', 'a', 'b', '0', '$'], 'word key key cursor cursor'],
    ['takes words in any case', 'AND|OR key', ['oR', 'k'], 'word key'],
    ['hides all behind a word it does not know', 'AND|OR key', ['NOR', 'k'], 'value value'],
    ['takes words given as bytes', '[NX]', [Buffer.from('nx')], 'word'],
    ['takes options in any order', '[NX EX=seconds GET]', ['GET', 'EX', 1, 'NX'], 'word word seconds word'],
    ['takes options in any case', '[NX PX=ms]', ['nX', 'pX', '1'], 'word word ms'],
    ['hides what follows an option it does not know', '[NX EX=seconds]', ['NX', 'ZZ', 'EX', '1'], 'word value value value'],
    ['takes several arguments of an option', '[LIMIT=number,number]', ['LIMIT', 0, 1], 'word number number'],
    ['takes = and ~ before a threshold', '[MAXLEN=~number]', ['MAXLEN', '~', '5'], 'word word number'],
    ['takes a threshold with neither', '[MAXLEN=~number]', ['MAXLEN', '5'], 'word number'],
    ['takes the words of an option', '[BY=value,M|KM ASC]', ['BY', '5', 'km', 'ASC'], 'word value word word'],
    ['hides all behind an option whose word is wrong', '[BY=value,M|KM ASC]', ['BY', '5', 'cm', 'ASC'], 'word value value value'],
    ['takes a count within an option', '[VALUES=#value] key', ['VALUES', '2', 'x', 'y', 'k'], 'word number value value key'],
    ['takes all up to the next option for *', '[W=number* SUM]', ['W', '1', '2', 'SUM'], 'word number number word'],
    ['ends a * before the options behind it', 'id* [FORCE]', ['1-1', '2-2', 'FORCE'], 'id id word'],
    ['takes the rest within an option', '[COPY KEYS=key+]', ['COPY', 'KEYS', 'a', 'b'], 'word word key key'],
    ['takes groups within an option', '[LABELS=(field value)+]', ['LABELS', 'a', 'x', 'b', 'y'], 'word field value field value'],
    ['takes numbers back', 'number number [BY! REV]', ['1', '2', 'REV', 'BY'], 'value value word word'],
    ['leaves numbers that are not taken back', 'number number [BY! REV]', ['1', '2', 'REV'], 'number number word'],
    ['hides all behind an id that is none', 'id (field value)+', ['f', 'v', 'g'], 'value value value'],
    ['accepts an id of a stream', 'id (field value)+', ['1-*', 'f', 'v'], 'id field value'],
  ];
  for (const [title, row, args, roles] of cases) {
    it(`${title}: ${row}`, () => assert.equal(rolesOf(row, args).join(' '), roles));
  }

  it('reads up to its limit, and just as exactly', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}`);
    assert.equal(rolesOf('key+', keys, 5).join(' '), 'key key key key key');
    assert.equal(rolesOf('STREAMS {key cursor}', ['STREAMS', 'a', 'b', 'c', '1', '2', '3'], 3).join(' '), 'word key key');
    assert.equal(rolesOf('STREAMS {key cursor}', ['STREAMS', 'a', 'b', 'c', '1', '2', '3'], 6).join(' '), 'word key key key cursor cursor');
  });

  it('does not treat a long argument as a word, however it begins', () => {
    assert.equal(rolesOf('[CONSTRUCTION_WINDOW_SIZE=number]', ['CONSTRUCTION_WINDOW_SIZE', 1]).join(' '), 'word number');
    assert.equal(rolesOf('[NX]', [`NX${' '.repeat(30)}`]).join(' '), 'value');
  });

  it('refuses a row with a role that does not exist, or a word that is not spelled out', () => {
    assert.throws(() => compile('kee'), /no role is called "kee"/);
    assert.throws(() => compile('[POLICY=word]'), /no role is called "word"/);
  });
});
