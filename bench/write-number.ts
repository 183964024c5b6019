export function writeNumber(value: number, digits = 0): string {
  const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString('en', { ...fraction, signDisplay: 'negative' });
}
