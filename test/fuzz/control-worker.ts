// The process without us: nothing of ours is loaded.
import { serve } from './worker';

serve(async (_, body) => ({ ...(await body()), spans: 0, complaints: [] }));
