// Knows: how a hardened program freezes what the language shares.
// Must not know: who would change it.
//
// Not Object, Function and Error: parsers that redis itself uses write to those, and would break without us.
'use strict';
const generator = Object.getPrototypeOf(function* () {});
const asyncGenerator = Object.getPrototypeOf(async function* () {});
const shared = [generator, generator.prototype, asyncGenerator, asyncGenerator.prototype, Object.getPrototypeOf([][Symbol.iterator]())];
for (const { prototype } of [Array, Promise, Map, Set, WeakMap, WeakSet, WeakRef, Date, RegExp, Symbol, String, Number])
  shared.push(prototype);
for (const intrinsic of [...shared, Promise, Reflect, JSON, Math]) Object.freeze(intrinsic);
