// As an import, node:http costs 25 ms and 15 MB more: an ES module's view of it reads every export, and that of WebSocket
// loads fetch with its parsers.
export const { createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http');
