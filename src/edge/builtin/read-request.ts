// What a request asks for, and whether it may be asked at all. Node's parser is strict about framing; this refuses what
// it lets through and what two parsers could read in two ways (RFC 9112 sections 3.2, 6.1 and 11.2).
import type { IncomingMessage } from 'node:http';
import type { EdgeReason } from './edge-page.ts';
import { hostOf } from './route-table.ts';

export type RequestTarget = {
  /** As it came, for `Host` upstream. */
  readonly authority: string;
  readonly host: string;
  /** Path and query. */
  readonly target: string;
  readonly path: string;
};

export type RequestReading =
  | { readonly target: RequestTarget; readonly refused: null }
  | { readonly target: null; readonly refused: EdgeReason };

const LONGEST_URL = 16_384;

export const readRequest = (req: IncomingMessage): RequestReading => {
  const url = req.url ?? '';
  if (url.length > LONGEST_URL) return refused('url-too-long');
  const framing = judgeFraming(req);
  if (framing) return refused(framing);
  // A proxy believes an absolute target over the Host field (RFC 9112 section 3.2.2).
  const absolute = url.startsWith('/') ? null : /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(url);
  if (!absolute && !url.startsWith('/')) return refused('bad-request');
  const authority = absolute ? absolute[1]! : req.headers.host;
  const host = authority === undefined ? null : hostOf(authority);
  if (host === null) return refused('bad-request');
  const target = absolute ? withSlash(absolute[2]!) : url;
  const query = target.indexOf('?');
  return {
    target: { authority: authority!, host, target, path: query < 0 ? target : target.slice(0, query) },
    refused: null,
  };
};

/** Whether a body follows the header. */
export const hasBody = (req: IncomingMessage): boolean => {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0);
};

const refused = (reason: EdgeReason): RequestReading => ({ target: null, refused: reason });

const withSlash = (target: string): string => (target.startsWith('/') ? target : `/${target}`);

const judgeFraming = (req: IncomingMessage): EdgeReason | null => {
  const coding = req.headers['transfer-encoding'];
  if (coding !== undefined) {
    if (req.httpVersionMinor === 0 || req.headers['content-length'] !== undefined) return 'bad-request';
    if (coding.toLowerCase() !== 'chunked') return 'coding-not-supported';
  }
  let hosts = 0;
  const raw = req.rawHeaders;
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]!.length === 4 && raw[at]!.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1 ? 'bad-request' : null;
};
