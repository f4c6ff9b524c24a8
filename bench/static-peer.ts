// Owns: the peer that does nothing but answer: node:http, a table of finished answers, no framework. A process of its own.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { StaticAnswer } from './static-answers.ts';

const [port = '0', file = ''] = process.argv.slice(2);
const answers = new Map(
  (JSON.parse(readFileSync(file, 'utf8')) as readonly StaticAnswer[]).map((answer) => [answer.path, answer]),
);
createServer((request, response) => {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const answer = answers.get(mark < 0 ? url : url.slice(0, mark));
  response.writeHead(answer?.status ?? 404, { ...answer?.headers });
  response.end(answer?.body ?? '');
}).listen(Number(port), '127.0.0.1');
