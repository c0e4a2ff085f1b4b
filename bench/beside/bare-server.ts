/** Reads a body and answers: what HTTP and the generator alone take. `node bare-server.ts <port>`. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

createServer((incoming, outgoing) => {
  void text(incoming).then((given) => {
    JSON.parse(given);
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{"valid":true,"key":"x"}');
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
