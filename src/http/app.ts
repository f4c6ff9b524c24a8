// Owns: the public listener: which address leads to which controller, bodies, faults. Leaves everything else to web/.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { Reply } from '../core/reply.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { RequestFacts } from '../web/request-facts.ts';
import type { PageName } from '../web/words.ts';
import { type FormFields, NO_FORM, type RequestReader } from './read-request.ts';
import type { Sender } from './send-reply.ts';

/** One address. `:id` in a path is passed to `handle`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'OPTIONS';
  readonly path: string;
  readonly handle: (facts: RequestFacts, id: string) => Promise<Reply>;
  /** The warm sign-on path: answered before Express, whose routing would cost as much as half a signature. No `xml`. */
  readonly direct?: true;
  /** Called by programs: what cannot be read, and faults, are told as JSON, or as this says, and not as a page. */
  readonly program?: true | ((status: number, reference: string) => Reply);
  /** Fields of a form that may come more than once; any other that does is refused. */
  readonly repeatable?: readonly string[];
  /** The body is XML, and no form. */
  readonly xml?: true;
}

export interface AppOptions {
  readonly routes: readonly Route[];
  readonly read: RequestReader;
  readonly sender: Sender;
  readonly metrics: Metrics;
  readonly page: (name: PageName, status: number, facts: RequestFacts) => Reply;
  /** A fault: logged with everything, shown with a reference only. */
  readonly onFault: (error: unknown, requestId: string, route: string) => void;
}

export function createApp(options: AppOptions): RequestListener {
  const { routes, read, sender, metrics } = options;

  const serve = async (
    route: Route,
    request: IncomingMessage,
    response: ServerResponse,
    form: FormFields,
    id: string,
  ): Promise<void> => {
    const started = process.hrtime.bigint();
    const facts = route.xml === true ? { ...read(request, form), xml: textOf(request) } : read(request, form);
    let reply: Reply;
    try {
      reply = await route.handle(facts, id);
    } catch (error) {
      options.onFault(error, facts.requestId, route.path);
      reply = problem(route, 'fault', 500, facts);
    }
    sender.send(response, reply, facts);
    const labels = { route: route.path, method: route.method, code: response.statusCode };
    metrics.httpDuration.observe(labels, Number(process.hrtime.bigint() - started) / 1e9);
  };

  const problem = (route: Route, name: PageName, status: number, facts: RequestFacts): Reply =>
    problemForProgram(route, status, facts.requestId) ?? options.page(name, status, facts);

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Nothing here reads req.query, req.host or req.protocol: the first would hide repeated parameters, the others are
  // whatever the client says.
  app.set('query parser', false);
  // One address, one spelling: what a proxy limits or keeps inside by its path is not to be had by another (CWE-178).
  app.enable('case sensitive routing');
  app.enable('strict routing');
  const body = express.urlencoded({ extended: false, limit: '256kb', parameterLimit: 50 });
  const xml = express.text({ type: () => true, limit: '64kb', defaultCharset: 'utf-8' });
  const receive = (route: Route, request: Parsed, response: ServerResponse, id: string): Promise<void> | undefined => {
    const form = route.method === 'POST' && route.xml !== true ? readForm(request.body, route.repeatable) : NO_FORM;
    if (form !== null) return serve(route, request, response, form, id);
    const facts = read(request, NO_FORM);
    sender.send(response, problem(route, 'badRequest', 400, facts), facts);
    return undefined;
  };
  for (const route of routes) {
    const handler: RequestHandler = (request, response) =>
      receive(route, request, response, String(request.params.id ?? ''));
    if (route.method === 'OPTIONS') app.options(route.path, handler);
    else if (route.method === 'GET') app.get(route.path, handler);
    else app.post(route.path, route.xml === true ? xml : body, handler);
  }
  app.use((request, response) => {
    const facts = read(request, NO_FORM);
    metrics.httpDuration.observe({ route: 'none', method: facts.method, code: 404 }, 0);
    sender.send(response, options.page('missing', 404, facts), facts);
  });
  const programs = new Map(routes.filter(({ program }) => program !== undefined).map((route) => [route.path, route]));
  const answerError = (error: unknown, request: IncomingMessage, response: ServerResponse): void => {
    const facts = read(request, NO_FORM);
    const status = clientErrorStatus(error);
    const route = programs.get(facts.path);
    if (status === null) options.onFault(error, facts.requestId, 'unanswered');
    const name = status === null ? 'fault' : 'badRequest';
    const reply = problemForProgram(route, status ?? 500, facts.requestId) ?? options.page(name, status ?? 500, facts);
    if (response.headersSent) response.destroy();
    else sender.send(response, reply, facts);
  };
  const onError: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    answerError(error, request, response);
  };
  app.use(onError);

  const receivePost = async (route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      body(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
    });
    await receive(route, request, response, '');
  };
  const direct = new Map(routes.filter((r) => r.direct === true).map((r) => [`${r.method} ${r.path}`, r]));
  return (request, response) => {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const route = direct.get(`${request.method} ${mark < 0 ? url : url.slice(0, mark)}`);
    if (route === undefined) app(request, response);
    else {
      const served =
        route.method === 'POST' ? receivePost(route, request, response) : serve(route, request, response, NO_FORM, '');
      // Nobody stands behind these: a promise that is rejected and not caught would end the node.
      served
        .catch((error: unknown) => answerError(error, request, response))
        .catch((error: unknown) => {
          options.onFault(error, '', route.path);
          response.destroy();
        });
    }
  };
}

/** The body parser leaves what it found here. */
type Parsed = IncomingMessage & { readonly body?: unknown };

/** Null for a route of people. */
function problemForProgram(route: Pick<Route, 'program'> | undefined, status: number, reference: string): Reply | null {
  if (route?.program === undefined) return null;
  return route.program === true ? problemAsJson(status, reference) : route.program(status, reference);
}

/** RFC 6749 §5.2, with words that are the same for everything that cannot be read. */
function problemAsJson(status: number, reference: string): Reply {
  const [error, text] =
    status >= 500 ? ['server_error', 'Something went wrong here'] : ['invalid_request', 'The request cannot be read'];
  return {
    kind: 'body',
    status,
    contentType: 'application/json',
    text: JSON.stringify({ error, error_description: `${text} (reference ${reference}).` }),
  };
}

/** What the body parser made of a body that is no form. */
function textOf(request: IncomingMessage): string {
  return 'body' in request && typeof request.body === 'string' ? request.body : '';
}

/** Fields with one text value each, beside those that may be repeated; null when another one is. */
function readForm(body: unknown, repeatable: readonly string[] = []): FormFields | null {
  const form = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(body ?? {})) {
    if (repeatable.includes(name)) lists.set(name, [value].flat().map(String));
    else if (typeof value === 'string') form.set(name, value);
    else return null;
  }
  return { form, lists };
}

/** 4xx that the body parser or the router decided; null for a fault of ours. */
function clientErrorStatus(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}
