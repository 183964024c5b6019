import type { Provider } from './provider.ts';

/** Core 1.0, section 8: an API may know the user by another `sub` than the client does. */
export async function hasPairwiseSubjects(provider: Provider): Promise<boolean> {
  const { subject_types_supported: types } = await provider.metadata();
  return types !== undefined && !types.includes('public');
}
