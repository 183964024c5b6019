class ResponseTooLargeError extends Error {
  readonly code = 'RESPONSE_TOO_LARGE';
}

/** Reads a response's body of at most `limit` bytes. */
export async function boundedResponse(response: Response, limit: number): Promise<Response> {
  if (response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limit) throw new ResponseTooLargeError();
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), response);
}

/** `fetch` that reads a body of at most `limit` bytes, and reads it before it answers. */
export async function boundedFetch(
  url: string,
  init: RequestInit,
  limit: number,
): Promise<Response> {
  return boundedResponse(await fetch(url, init), limit);
}
