// Node's cluster: a first process that starts others of its own program, which take connections of one port and burn
// CPU time for each request. For so many milliseconds.
const cluster = require('node:cluster');
const http = require('node:http');

const [, , ms = '3000'] = process.argv;

function burn() {
  let sum = 0;
  for (let i = 0; i < 400_000; i++) sum = (sum * 31 + i) % 1009;
  return sum;
}

function answer(_request, response) {
  response.end(String(burn()));
}

function ask(port) {
  http.get({ port, agent: false }, (response) => {
    response.resume();
    response.on('end', () => ask(port));
  });
}

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  let asking = 0;
  cluster.on('listening', (_worker, { port }) => {
    if (++asking < workers.length) return;
    for (let i = 0; i < 4; i++) ask(port);
    setTimeout(() => process.exit(0), Number(ms));
  });
} else http.createServer(answer).listen(0, '127.0.0.1');
