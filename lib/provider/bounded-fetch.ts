import { failureReason } from '../input/failure-reason.ts';

class ResponseTooLargeError extends Error {
  readonly code = 'RESPONSE_TOO_LARGE';
}

const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** A kept-alive connection may close before any answer. */
export class NoAnswerError extends Error {
  readonly code: string;

  constructor(code: string) {
    super();
    this.code = code;
  }
}

/** @throws {@link NoAnswerError} when the connection closes without an answer. */
export async function fetchAnswer(
  url: string,
  init: RequestInit,
  send: typeof fetch = fetch,
): Promise<Response> {
  try {
    return await send(url, init);
  } catch (error) {
    const reason = failureReason(error);
    throw CLOSED.has(reason) ? new NoAnswerError(reason) : error;
  }
}

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

export async function boundedFetch(
  url: string,
  init: RequestInit,
  limit: number,
): Promise<Response> {
  return boundedResponse(await fetchAnswer(url, init), limit);
}
