/** What may be wrong with every JWT. */
export type JwtFault =
  | 'unknown-issuer'
  | 'wrong-audience'
  | 'not-yet-valid'
  | 'unknown-key'
  | 'wrong-signature'
  | 'algorithm-not-allowed'
  | 'unsupported-header'
  | 'claim-missing'
  | 'claim-malformed';
