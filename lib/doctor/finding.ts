export interface Finding {
  readonly feature: string;
  /** `no` is a fault of the provider, `absent` is none. */
  readonly verdict: 'yes' | 'no' | 'absent';
  readonly detail: string;
}

export function yes(feature: string, detail: string): Finding {
  return { feature, verdict: 'yes', detail };
}

export function no(feature: string, detail: string): Finding {
  return { feature, verdict: 'no', detail };
}

export function absent(feature: string, detail: string): Finding {
  return { feature, verdict: 'absent', detail };
}
