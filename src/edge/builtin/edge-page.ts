// What the edge says when it has to answer by itself. It names itself and the request, and nothing of what is behind it.
import { STATUS_CODES } from '../../kit/node-http.ts';

/** Why the edge answered by itself: the second word of `X-Reeve-Edge`. */
export type EdgeReason =
  | 'bad-request'
  | 'no-route'
  | 'method-not-allowed'
  | 'request-stalled'
  | 'url-too-long'
  | 'header-too-large'
  | 'coding-not-supported'
  | 'upstream-refused'
  | 'upstream-reset'
  | 'upstream-invalid'
  | 'maintenance'
  | 'held-too-long'
  | 'waiting-room-full'
  | 'no-instance'
  | 'edge-stops'
  | 'upstream-timeout';

export type EdgePage = {
  readonly status: number;
  /** Flat list of names and values. */
  readonly headers: readonly string[];
  readonly body: string;
};

/** HTML, or JSON where the client asks for it. */
export const edgePage = (options: {
  readonly reason: EdgeReason;
  readonly requestId: string;
  readonly accept: string | undefined;
}): EdgePage => {
  const { reason, requestId, accept } = options;
  const [status, sentence, retryAfter] = SENTENCES[reason];
  const title = STATUS_CODES[status] ?? 'Error';
  const isJson = prefersJson(accept);
  const body = isJson
    ? `${JSON.stringify({ status, reason, message: sentence, answeredBy: 'reeve-edge', requestId })}\n`
    : htmlPage(status, title, sentence, requestId);
  const headers = [
    'Content-Type',
    isJson ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    requestId,
    'X-Reeve-Edge',
    `${status} ${reason}`,
  ];
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter));
  return { status, headers, body };
};

/** The status the edge answers with for a reason. */
export const statusOf = (reason: EdgeReason): number => SENTENCES[reason][0];

/** A page as bytes for a socket whose HTTP parser gave up, or that was taken over for an upgrade. */
export const rawPage = (page: EdgePage): string => {
  const lines = [`HTTP/1.1 ${page.status} ${STATUS_CODES[page.status] ?? 'Error'}`, 'Connection: close'];
  for (let at = 0; at < page.headers.length; at += 2)
    lines.push(`${page.headers[at]}: ${page.headers[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n${page.body}`;
};

// Status, sentence, and after how many seconds it is worth trying again.
const SENTENCES: Readonly<
  Record<EdgeReason, readonly [status: number, sentence: string, retryAfter?: number]>
> = {
  'bad-request': [400, 'The request is not valid HTTP/1.1.'],
  'no-route': [404, 'No service is configured for this address.'],
  'method-not-allowed': [405, 'This method is not served here.'],
  'request-stalled': [408, 'The request did not arrive in time.'],
  'url-too-long': [414, 'The address of the request is too long.'],
  'header-too-large': [431, 'The header of the request is too large.'],
  'coding-not-supported': [501, 'This transfer coding is not supported.'],
  'upstream-refused': [502, 'The service does not accept connections at the moment.', 5],
  'upstream-reset': [502, 'The service ended the connection before it answered.'],
  'upstream-invalid': [502, 'The service gave an answer that is not valid HTTP.'],
  maintenance: [503, 'The service is down for maintenance.', 60],
  'held-too-long': [503, 'The service is being replaced, and that takes longer than expected.', 5],
  'waiting-room-full': [503, 'The service is being replaced, and too many requests wait for it.', 5],
  'no-instance': [503, 'The service is stopped.', 30],
  'edge-stops': [503, 'The edge is shutting down.', 5],
  'upstream-timeout': [504, 'The service did not answer in time.'],
};

const prefersJson = (accept: string | undefined): boolean =>
  accept !== undefined && /\b(application\/json|\+json)/.test(accept) && !/\btext\/html/.test(accept);

const htmlPage = (status: number, title: string, sentence: string, requestId: string): string =>
  `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${status} ${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em}small{color:#777}</style>
<h1>${title}</h1>
<p>${sentence}</p>
<p><small>${status}, answered by the Reeve edge, not by the service. Request ${requestId}</small></p>
</html>
`;
