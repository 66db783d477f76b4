// Knows: the functions that a user may give us, and that none of them may affect the application.
// Must not know: what their results are used for.
import { type Context, context, type Span } from '@opentelemetry/api';
import type { SpanSettings } from '../config';
import { handleRejection } from '../core/application-functions';
import type { Arguments, ProcessOutcome as Ended } from '../core/events';
import type { Report } from '../core/recorder';
import type { ReplyShapes } from '../core/replies';

type HookSettings = Partial<
  Pick<SpanSettings, 'spanName' | 'serializer' | 'spanHook' | 'requestHook' | 'responseHook'>
>;

/** The list that the hooks of other instrumentations take. */
type Texts = Array<string | Buffer>;

/**
 * Runs the user's hooks. If one throws, that is reported once, and the default is used. Hooks that are called for each
 * span are undefined if the user has none: then nothing is prepared for them.
 */
export class Hooks {
  /** @param caller the context of the caller; stores of the application that it does not hold are not available */
  readonly request: ((span: Span, caller: Context, args: Arguments) => void) | undefined;
  readonly response: ((span: Span, args: Arguments, reply: unknown) => void) | undefined;
  /**
   * @param commands a single command, those of a batch, or the first of a run
   * @param count the number of commands that the span represents
   */
  readonly ended:
    | ((
        span: Span,
        operation: string,
        commands: readonly Arguments[],
        count: number,
        outcome: Ended,
        reply: unknown,
      ) => void)
    | undefined;

  constructor(
    private readonly settings: HookSettings,
    private readonly report: Report,
    private readonly replies?: ReplyShapes,
  ) {
    const { requestHook, responseHook, spanHook } = settings;
    this.request =
      requestHook &&
      ((span, caller, args) => {
        const request = { cmdName: String(args[0]), cmdArgs: args.slice(1) as Texts };
        this.guarded('requestHook', () => context.with(caller, () => requestHook(span, request)));
      });
    this.response =
      responseHook &&
      ((span, args, reply) => {
        const call = () => responseHook(span, String(args[0]), args.slice(1) as Texts, this.shaped(args, reply));
        this.guarded('responseHook', call);
      });
    this.ended =
      spanHook &&
      ((span, operation, given, count, { failed, error, durationMs }, reply) => {
        // These are copies: the client still uses its own lists, which contain more than arguments.
        const commands = given.map((args) => [...args]);
        const info = { operation, commands, count, reply, failed, error, durationMs };
        this.guarded('spanHook', () => spanHook(span, info));
      });
  }

  /** The reply as the application gets it, if that can be told. */
  shaped(args: Arguments, reply: unknown): unknown {
    return this.replies === undefined ? reply : this.replies.shaped(args, reply);
  }

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
    const text = this.guarded('dbStatementSerializer', () => hook(String(args[0]), args.slice(1) as Texts));
    return typeof text === 'string' ? text : undefined;
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
