// Azure's distribution, which sends to Azure alone, over TLS: what it would send is also sent to us.
'use strict';
const { useAzureMonitor } = require('@azure/monitor-opentelemetry');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');

useAzureMonitor({
  azureMonitorExporterOptions: { connectionString: process.env.AZURE_CONNECTION, disableOfflineStorage: true },
  enableLiveMetrics: false,
  spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())],
});
