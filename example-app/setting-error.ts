/** The app cannot start as it is set up; the message tells which setting is wrong and what it must be. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}
