/**
 * How a worker's Node is started. What it reads comes in small buffers that are soon used up: a small young generation finds them
 * there, where finding costs little; in a large one they grow old first, and both memory and time are twice as much.
 */
export const workerFlags = ['--max-semi-space-size=1'] as const;
