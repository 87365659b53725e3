/** Length, in bytes, of the header before each frame of a batch; FrameBatch in capture/source.ts has its layout. */
export const recordHeaderBytes: u32 = 16;
