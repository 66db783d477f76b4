/** Path of a program's binary; installs it where that needs no question, else throws with the commands to run. */
export declare function ensureBinary(program: 'redis' | 'prometheus' | 'promtool' | 'chromium'): string;
