// Knows: enough RESP2 to ask a server a question without a client library.
// Must not know: what the answer is for.
import { connect } from 'node:net';

const TIMEOUT_MS = 2_000;

/** Sends one command on a connection of its own. An error reply rejects. */
export function request(address, ...args) {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    let received = Buffer.alloc(0);
    const finish = (settle, value) => {
      socket.destroy();
      settle(value);
    };
    socket.setTimeout(TIMEOUT_MS, () => finish(reject, new Error(`no reply to ${args[0]} in ${TIMEOUT_MS} ms`)));
    socket.on('error', (error) => finish(reject, error));
    socket.on('close', () => reject(new Error(`connection closed before the reply to ${args[0]}`)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const reply = parse(received, 0);
      if (reply === undefined) return;
      if (reply.value instanceof Error) finish(reject, reply.value);
      else finish(resolve, reply.value);
    });
    socket.write(encode(args));
  });
}

function encode(args) {
  const parts = args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`);
  return `*${args.length}\r\n${parts.join('')}`;
}

/** → { value, next }, or undefined while the reply is incomplete. */
export function parse(buffer, at) {
  const end = buffer.indexOf('\r\n', at);
  if (end === -1) return undefined;
  const line = buffer.toString('utf8', at + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(buffer[at])) {
    case '+':
      return { value: line, next };
    case '-':
      return { value: new Error(line), next };
    case ':':
      return { value: Number(line), next };
    case '$':
      return parseBulk(buffer, Number(line), next);
    case '*':
      return parseArray(buffer, Number(line), next);
    default:
      return { value: new Error(`not a RESP2 reply: ${line}`), next };
  }
}

function parseBulk(buffer, length, at) {
  if (length < 0) return { value: null, next: at };
  if (buffer.length < at + length + 2) return undefined;
  return { value: buffer.toString('utf8', at, at + length), next: at + length + 2 };
}

function parseArray(buffer, length, at) {
  if (length < 0) return { value: null, next: at };
  const value = [];
  let next = at;
  for (let i = 0; i < length; i++) {
    const item = parse(buffer, next);
    if (item === undefined) return undefined;
    value.push(item.value);
    next = item.next;
  }
  return { value, next };
}
