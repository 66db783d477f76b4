// Knows: the functions that a user may give us, and that none of them may affect the application.
// Must not know: what their results are used for.
import { type Context, context, type Span } from '@opentelemetry/api';
import type { SpanInfo, SpanSettings } from '../config';
import { handleRejection } from '../core/application-functions';
import type { Arguments, Batch, BatchOutcome, Outcome } from '../core/events';
import type { Report } from '../core/recorder';
import type { ReplyShapes } from '../core/replies';

/** Runs the user's hooks. If one throws, that is reported once, and the default is used. */
export class Hooks {
  constructor(
    private readonly settings: Partial<
      Pick<SpanSettings, 'spanName' | 'serializer' | 'spanHook' | 'requestHook' | 'responseHook'>
    >,
    private readonly report: Report,
    private readonly replies?: ReplyShapes,
  ) {}

  spanName(operation: string, defaultName: string): string {
    const hook = this.settings.spanName;
    if (hook === undefined) return defaultName;
    const name = this.guarded('spanName', () => hook({ operation, defaultName }));
    return typeof name === 'string' && name !== '' ? name : defaultName;
  }

  /** Returns the user's own text for a command; undefined: ours is used. */
  queryText(args: Arguments): string | undefined {
    const hook = this.settings.serializer;
    if (hook === undefined) return undefined;
    const text = this.guarded('dbStatementSerializer', () =>
      hook(String(args[0]), args.slice(1) as Array<string | Buffer>),
    );
    return typeof text === 'string' ? text : undefined;
  }

  /** The context is that of the caller; stores of the application that it does not hold are not. */
  request(span: Span, caller: Context, args: Arguments): void {
    const hook = this.settings.requestHook;
    if (hook !== undefined) this.callRequest(hook, span, caller, args);
  }

  // V8 allocates what closures share when a function is entered, so those of rare hooks have functions of their own.
  private callRequest(
    hook: NonNullable<SpanSettings['requestHook']>,
    span: Span,
    caller: Context,
    args: Arguments,
  ): void {
    const call = () => hook(span, { cmdName: String(args[0]), cmdArgs: args.slice(1) as Array<string | Buffer> });
    this.guarded('requestHook', () => context.with(caller, call));
  }

  response(span: Span, args: Arguments, reply: unknown): void {
    const hook = this.settings.responseHook;
    if (hook !== undefined) this.callResponse(hook, span, args, reply);
  }

  private callResponse(
    hook: NonNullable<SpanSettings['responseHook']>,
    span: Span,
    args: Arguments,
    reply: unknown,
  ): void {
    this.guarded('responseHook', () => {
      const shown = this.replies === undefined ? reply : this.replies.shaped(args, reply);
      return hook(span, String(args[0]), args.slice(1) as Array<string | Buffer>, shown);
    });
  }

  ended(span: Span, operation: string, args: Arguments, { failed, error, durationMs, reply }: Outcome): void {
    if (this.settings.spanHook === undefined) return;
    const shown = failed || this.replies === undefined ? reply : this.replies.shaped(args, reply);
    this.call(span, { operation, commands: [[...args]], count: 1, reply: shown, failed, error, durationMs });
  }

  batchEnded(
    span: Span,
    operation: string,
    { commands, size }: Batch,
    { failed, error, durationMs, replies }: BatchOutcome,
  ): void {
    if (this.settings.spanHook === undefined) return;
    // These are copies: the client still uses its own lists, which contain more than arguments.
    const copies = commands.map((args) => [...args]);
    this.call(span, {
      operation,
      commands: copies,
      count: size ?? copies.length,
      reply: replies,
      failed,
      error,
      durationMs,
    });
  }

  /** Handles commands that are recorded as one span and succeeded. */
  runEnded(span: Span, operation: string, first: Arguments, durationMs: number, count: number): void {
    if (this.settings.spanHook === undefined) return;
    this.call(span, {
      operation,
      commands: [[...first]],
      count,
      reply: undefined,
      failed: false,
      error: undefined,
      durationMs,
    });
  }

  private call(span: Span, info: SpanInfo): void {
    this.guarded('spanHook', () => this.settings.spanHook?.(span, info));
  }

  private guarded<T>(name: string, run: () => T): T | undefined {
    const threw = (error: unknown): void => this.report(`the ${name} hook threw; going on without it`, error);
    try {
      const result = run();
      handleRejection(result, threw);
      return result;
    } catch (error) {
      threw(error);
      return undefined;
    }
  }
}
