// Knows: enough RESP to answer node-redis inside its own process, at once, with no network and no second process.
// Must not know: who is measured.
const net = require('node:net');
const { Duplex } = require('node:stream');

const VALUE = 'x'.repeat(16);
const VALUE_REPLY = `$${VALUE.length}\r\n${VALUE}\r\n`;
const HANDSHAKE_REPLY = '%1\r\n$5\r\nproto\r\n:3\r\n';

/** From now on every connection of this process ends here. */
function installFakeSocket() {
  const connect = () => {
    const socket = new FakeSocket();
    FakeSocket.last = socket;
    return socket;
  };
  net.connect = connect;
  net.createConnection = connect;
}

/** Who listens, by channel: enough of pub/sub for messages to be delivered. */
const subscribers = new Map();

/** A net.Socket as far as node-redis looks at it. */
class FakeSocket extends Duplex {
  rest = '';
  isRespThree = false;
  queued = undefined;

  constructor() {
    super({ decodeStrings: false, readableHighWaterMark: 1 << 24, writableHighWaterMark: 1 << 24 });
    process.nextTick(() => {
      this.emit('connect');
      this.emit('ready');
    });
  }

  _read() {}

  _write(chunk, _encoding, done) {
    this.answer(textOf(chunk));
    done();
  }

  _writev(chunks, done) {
    let text = '';
    for (const { chunk } of chunks) text += textOf(chunk);
    this.answer(text);
    done();
  }

  /** Not inside write(): a socket never is that fast, and node-redis is still busy with its queue. */
  answer(text) {
    const replies = this.replyAll(this.rest + text);
    if (replies !== '') process.nextTick(() => this.destroyed || this.push(Buffer.from(replies, 'latin1')));
  }

  replyAll(text) {
    let replies = '';
    let at = 0;
    while (at < text.length) {
      const parsed = parseCommand(text, at);
      if (parsed === undefined) break;
      replies += this.reply(parsed);
      at = parsed.next;
    }
    this.rest = text.slice(at);
    return replies;
  }

  reply(command) {
    const { name } = command;
    if (name === 'MULTI') {
      this.queued = [];
      return '+OK\r\n';
    }
    if (name === 'EXEC') {
      const replies = this.queued ?? [];
      this.queued = undefined;
      return replies.includes(undefined) ? this.missing('*') : `*${replies.length}\r\n${replies.join('')}`;
    }
    if (this.queued === undefined) return this.replyTo(command);
    this.queued.push(command.key === 'watched' ? undefined : this.replyTo(command));
    return '+QUEUED\r\n';
  }

  replyTo({ name, key }) {
    switch (name.toUpperCase()) {
      case 'GET':
        return key === 'missing' ? this.missing('$') : VALUE_REPLY;
      case 'INCR':
        return key === 'text' ? '-ERR value is not an integer or out of range\r\n' : ':1\r\n';
      case 'LPUSH':
        return '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n';
      case 'DEL':
      case 'EVAL':
      case 'EXPIRE':
        return ':1\r\n';
      case 'SUBSCRIBE':
        return this.subscribe(key);
      case 'PUBLISH':
        return `:${this.publish(key)}\r\n`;
      case 'MGET':
        return `*${key.length}\r\n${key.map((one) => (one.startsWith('missing') ? this.missing('$') : VALUE_REPLY)).join('')}`;
      case 'HELLO':
        this.isRespThree = key === '3';
        return this.isRespThree ? HANDSHAKE_REPLY : '*2\r\n$5\r\nproto\r\n:2\r\n';
      default:
        return '+OK\r\n';
    }
  }

  subscribe(channels) {
    for (const channel of channels) subscribers.set(channel, this);
    return channels.map((channel, index) => `>3\r\n$9\r\nsubscribe\r\n${bulk(channel)}:${index + 1}\r\n`).join('');
  }

  publish(channel) {
    const subscriber = subscribers.get(channel);
    if (subscriber === undefined || subscriber.destroyed) return 0;
    process.nextTick(() => subscriber.push(Buffer.from(`>3\r\n$7\r\nmessage\r\n${bulk(channel)}${VALUE_REPLY}`)));
    return 1;
  }

  missing(kind) {
    return this.isRespThree ? '_\r\n' : `${kind}-1\r\n`;
  }

  setNoDelay() {
    return this;
  }
  setKeepAlive() {
    return this;
  }
  setTimeout() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

function argumentsIn(command) {
  return command.split('\r\n').filter((_, line) => line > 2 && line % 2 === 0);
}

function bulk(text) {
  return `$${text.length}\r\n${text}\r\n`;
}

function textOf(chunk) {
  return typeof chunk === 'string' ? chunk : chunk.toString('latin1');
}

/** The name, the first argument and where the next command starts; undefined while it is incomplete. */
function parseCommand(text, start) {
  let end = text.indexOf('\r\n', start);
  if (end < 0) return undefined;
  const count = Number(text.slice(start + 1, end));
  let name = '';
  let key = '';
  let at = end + 2;
  for (let index = 0; index < count; index++) {
    end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const length = Number(text.slice(at + 1, end));
    if (index === 0) name = text.slice(end + 2, end + 2 + length);
    else if (index === 1) key = text.slice(end + 2, end + 2 + length);
    at = end + 4 + length;
    if (at > text.length) return undefined;
  }
  // Several channels at once are sent by a subscriber that has connected again.
  if (name === 'MGET' || (name.length === 9 && name.toUpperCase() === 'SUBSCRIBE')) key = argumentsIn(text.slice(start, at));
  return { name, key, next: at };
}

module.exports = { FakeSocket, installFakeSocket };
