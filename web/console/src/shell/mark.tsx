/** The mark of Huoshui: two ripples. */
export function Mark(props: { size?: number }) {
  const size = props.size ?? 24;
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="hs-mark">
      <rect width="32" height="32" rx="7" fill="currentColor" />
      <path
        d="M6 12.5c2.5-2.6 5-2.6 7.5 0s5 2.6 7.5 0 3.6-2.5 5-1.9M6 20.5c2.5-2.6 5-2.6 7.5 0s5 2.6 7.5 0 3.6-2.5 5-1.9"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
    </svg>
  );
}
