// The same server as an ES module.
import dns from 'node:dns';
import http from 'node:http';
import net from 'node:net';
import { createClient } from 'redis';
import { run } from './web-handler.cjs';

run({ dns, http, net, createClient });
