// The server as an ES module.
import dns from 'node:dns';
import http from 'node:http';
import net from 'node:net';
import express from 'express';
import pino from 'pino';
import { createClient } from 'redis';
import { run } from './express-handler.cjs';

run({ dns, http, net, express, pino, createClient });
