// The server as CommonJS.
const dns = require('node:dns');
const http = require('node:http');
const net = require('node:net');
const express = require('express');
const pino = require('pino');
const { createClient } = require('redis');

require('./express-handler.cjs').run({ dns, http, net, express, pino, createClient });
