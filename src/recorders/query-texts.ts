// Knows: the ways to build the text of a command. The settings choose one of them, once.
// Must not know: how an argument is shown, spans.
import { batchText, type Entry, type KeyMask, lookup, queryText } from '../catalog';
import type { SpanSettings } from '../config';
import type { Arguments } from '../core/events';
import type { Hooks } from './hooks';
import { Varying } from './traced';

type TextSettings = Pick<SpanSettings, 'maxQueryTextLength' | 'serializer'>;

export class QueryTexts {
  /** undefined: no text is wanted. @param mask default: the mask of the settings */
  readonly of: (entry: Entry, args: Arguments, mask?: KeyMask) => string | undefined;
  readonly ofBatch: (commands: readonly Arguments[]) => string | undefined;
  private readonly maxLength: number;

  constructor(
    { maxQueryTextLength, serializer }: TextSettings,
    private readonly mask: KeyMask,
    private readonly hooks: Hooks,
  ) {
    this.maxLength = maxQueryTextLength;
    const isPlain = serializer === undefined;
    this.of = maxQueryTextLength === 0 ? noText : isPlain ? this.redacted : this.serialized;
    this.ofBatch = maxQueryTextLength === 0 ? noText : isPlain ? this.redactedBatch : this.serializedBatch;
  }

  /** The text of a run of commands. An argument that differs shows only what all of them may show. */
  ofRun(entry: Entry, args: Arguments): string | undefined {
    return this.of(entry, args, this.maskOfRun);
  }

  private readonly maskOfRun: KeyMask = (key) => (key instanceof Varying ? key.shown : this.mask(key));

  private readonly redacted = (entry: Entry, args: Arguments, mask = this.mask): string =>
    queryText(entry, args, mask, this.maxLength);

  private readonly serialized = (entry: Entry, args: Arguments, mask = this.mask): string => {
    const given = mask === this.mask ? args : args.map((arg) => (arg instanceof Varying ? arg.shown : arg));
    return this.hooks.queryText(given)?.slice(0, this.maxLength) ?? queryText(entry, args, mask, this.maxLength);
  };

  private readonly redactedBatch = (commands: readonly Arguments[]): string | undefined =>
    commands.length === 0 ? undefined : batchText(commands, lookup, this.mask, this.maxLength);

  private readonly serializedBatch = (commands: readonly Arguments[]): string | undefined => {
    if (commands.length === 0) return undefined;
    let text = '';
    for (const args of commands) {
      if (text.length >= this.maxLength) break;
      text += `${text === '' ? '' : '; '}${this.serialized(lookup(args), args)}`;
    }
    return text.slice(0, this.maxLength);
  };
}

const noText = (): undefined => undefined;
