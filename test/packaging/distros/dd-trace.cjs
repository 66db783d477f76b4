// dd-trace with its OpenTelemetry bridge. With OFF, its plugin for redis is switched off.
'use strict';
const { DiagConsoleLogger, DiagLogLevel, diag } = require('@opentelemetry/api');
const tracer = require('dd-trace').init();

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);

if (process.env.OFF === '1') tracer.use('redis', false);
new tracer.TracerProvider().register();
