// Knows: the bucket boundaries of every histogram of durations.
// Must not know: what is timed.

/**
 * In seconds. Redis answers in fractions of a millisecond; the boundaries of the semantic conventions begin at one.
 */
export const DURATION_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
