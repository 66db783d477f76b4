// Knows: what is loaded in the process it was preloaded into, and what happens there.
// Must not know: what any of it means; and nothing but Node.js: what it loaded would change what it looks at.
export {};
