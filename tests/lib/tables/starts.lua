-- starts.lua: where windows start on one axis when strides meet dilation: the "correct" column of the spec's table in
-- section 1.6, of which TensorFlow 2.2 gets every row wrong.

return {
  { n = 10, k = 3, s = 2, d = 2, padding = "valid", starts = { 0, 2, 4 } },
  { n = 10, k = 2, s = 2, d = 2, padding = "valid", starts = { 0, 2, 4, 6 } },
  { n = 10, k = 3, s = 2, d = 2, padding = "same", starts = { -1, 1, 3, 5, 7 } },
  { n = 7, k = 3, s = 2, d = 2, padding = "same", starts = { -2, 0, 2, 4 } },
  { n = 7, k = 3, s = 2, d = 2, padding = "valid", starts = { 0, 2 } },
  { n = 9, k = 3, s = 2, d = 3, padding = "same", starts = { -3, -1, 1, 3, 5 } },
}
