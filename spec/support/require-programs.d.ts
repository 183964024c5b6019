export function findProgram(names: readonly string[]): string | undefined;
export default function requirePrograms(): void;
