/* global EventSource */
import { get } from './requests.js';

/** Waits for the end of this browser's session, and tells who ended it, as far as that is known. */
export function watch(tell) {
  const stream = new EventSource('/session/events');
  stream.addEventListener('ended', ({ data }) => {
    stream.close();
    tell(data);
  });
  stream.addEventListener('error', () => {
    // Else the browser connects again by itself.
    if (stream.readyState === EventSource.CLOSED) void tellIfGone(tell);
  });
}

async function tellIfGone(tell) {
  const { status, body } = await get('/session');
  if (status === 200 && body === null) tell('unknown');
}
