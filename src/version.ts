/** The scope of every span and metric. A test checks the version against package.json. */
export const PACKAGE_NAME = 'opentelemetry-instrumentation-redis';
export const PACKAGE_VERSION = '0.1.0';
