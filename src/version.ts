/** The scope every span and metric carries. The version is checked against package.json by a test. */
export const PACKAGE_NAME = 'opentelemetry-instrumentation-redis';
export const PACKAGE_VERSION = '0.1.0';
