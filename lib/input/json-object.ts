export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** None for a text that is no JSON object. */
export function readMembers(text: string): JsonObject {
  // The error would take ten microseconds.
  if (text === '') return {};
  try {
    return Object(JSON.parse(text)) as JsonObject;
  } catch {
    return {};
  }
}
