-- layers.lua: the layers that are timed: the twelve of the spec's benchmark table (section 5.6), by row number.
-- All are channels_last, padding "same", batch 1, float32.

return {
  { row = 4, h = 112, w = 112, c = 32, k = 3, s = 1 },
  { row = 7, h = 112, w = 112, c = 96, k = 3, s = 2 },
  { row = 12, h = 56, w = 56, c = 144, k = 3, s = 1 },
  { row = 17, h = 56, w = 56, c = 144, k = 5, s = 2 },
  { row = 27, h = 28, w = 28, c = 240, k = 5, s = 1 },
  { row = 29, h = 19, w = 19, c = 728, k = 3, s = 1 },
  { row = 34, h = 14, w = 14, c = 512, k = 3, s = 1 },
  { row = 35, h = 14, w = 14, c = 576, k = 3, s = 1 },
  { row = 43, h = 14, w = 14, c = 672, k = 5, s = 1 },
  { row = 45, h = 14, w = 14, c = 672, k = 5, s = 2 },
  { row = 48, h = 7, w = 7, c = 960, k = 3, s = 1 },
  { row = 53, h = 7, w = 7, c = 1152, k = 5, s = 1 },
}
