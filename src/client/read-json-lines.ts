/**
 * The lines of a stream of bytes, without their line ends; empty ones are left out. A last line without an end was cut
 * off by a dying writer and is left out too.
 */
export async function* readJsonLines(bytes: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}
