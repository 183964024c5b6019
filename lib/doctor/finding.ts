/** Whether something of this package works with the provider. */
export interface Finding {
  readonly feature: string;
  /** `no` is a reason not to be content with the provider, `absent` is not. */
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
