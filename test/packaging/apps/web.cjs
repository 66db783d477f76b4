// A user's server, which asks another server, a name server and redis. It prints what it answered.
const dns = require('node:dns');
const http = require('node:http');
const net = require('node:net');
const { createClient } = require('redis');

require('./web-handler.cjs').run({ dns, http, net, createClient });
