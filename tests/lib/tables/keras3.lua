-- keras3.lua: checksums of Keras 3's depthwise_conv, spec section 3.3, on x = 0..599 as (2,10,10,3) and kernel = 0..23
-- as (2,2,3,2): sum, weighted sum, last.

return {
  { s = 1, d = 1, padding = "valid", 13763844, 690551682, 32998 },
  { s = 1, d = 2, padding = "valid", 11165440, 555538056, 32452 },
  { s = 1, d = 1, padding = "same", 14889142, 720277697, 2995 },
  { s = 1, d = 2, padding = "same", 13763844, 665780010, 2830 },
  { s = 2, d = 1, padding = "valid", 4248100, 217737484, 32998 },
  { s = 2, d = 1, padding = "same", 4248100, 217737484, 32998 },
  { s = 2, d = 2, padding = "valid", 2645632, 144504840, 30604 },
  { s = 2, d = 2, padding = "same", 3130002, 157738858, 2830 },
}
