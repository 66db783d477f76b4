export type Paint = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>;

export declare function createPaint(stream: { isTTY?: boolean }, env: Record<string, string | undefined>): Paint;
export declare function printable(text: unknown): string;
