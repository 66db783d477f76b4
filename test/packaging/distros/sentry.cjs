// Sentry as its users set it up. With OFF, its part for redis is left out.
'use strict';
const Sentry = require('@sentry/node');

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  tracesSampleRate: 1,
  // From 11 on it registers no OpenTelemetry provider unless it is asked to.
  enableOpenTelemetrySetup: true,
  ...(process.env.OFF === '1' && { integrations: (all) => all.filter(({ name }) => name !== 'Redis') }),
});
