/** Documents that are shown in a frame: they run their own script, which their own policy names, and may do nothing else. */
export const FRAME_POLICY =
  "sandbox allow-scripts allow-downloads; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";
