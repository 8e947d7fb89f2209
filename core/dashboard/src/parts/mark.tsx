/**
 * Mark: the sign of Sluice: a gate with water passing under it. Browser.
 */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d="M4 3v18M20 3v18M4 6h16M8 6v7h8V6" />
      <path class="water" d="M2 17c2.5 0 2.5 1.6 5 1.6S9.500 17 12 17s2.500 1.600 5 1.600S19.500 17 22 17" />
    </svg>
  );
}
