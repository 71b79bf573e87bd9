-- by_hand.lua: the hand-checkable cases of the spec, section 3.2: x = 1, 2, 3, ..., kernel = 1, 2, 3, ...

local function case(name, x, kernel, options, y) return { name = name, x = x, kernel = kernel, options = options, y = y } end

return {
  case("TensorFlow's hand test", { 1, 2, 3, 2 }, { 2, 2, 2, 2 }, {}, { 196, 216, 272, 296, 252, 280, 344, 376 }),
  case("2x1 kernel, multiplier 2", { 1, 3, 2, 1 }, { 2, 1, 1, 2 }, {}, { 10, 14, 14, 20, 18, 26, 22, 32 }),
  case("explicit padding", { 1, 3, 2, 1 }, { 2, 1, 1, 2 }, { padding = { { 1, 0 }, { 1, 0 } } },
    { 0, 0, 3, 4, 6, 8, 0, 0, 10, 14, 14, 20, 0, 0, 18, 26, 22, 32 }),
  case("4x4, stride 2, same: the odd pixel is at the end", { 1, 4, 4, 1 }, { 3, 3, 1, 1 },
    { strides = 2, padding = "same" }, { 348, 252, 274, 175 }),
  case("5x5, stride 2, same", { 1, 5, 5, 1 }, { 3, 3, 1, 1 }, { strides = 2, padding = "same" },
    { 128, 241, 184, 441, 681, 453, 320, 457, 280 }),
  case("2x2 kernel, same", { 1, 4, 4, 1 }, { 2, 2, 1, 1 }, { padding = "same" },
    { 44, 54, 64, 28, 84, 94, 104, 44, 124, 134, 144, 60, 41, 44, 47, 16 }),
  case("dilation 2, same", { 1, 4, 4, 1 }, { 3, 3, 1, 1 }, { dilation_rate = 2, padding = "same" },
    { 194, 222, 170, 194, 306, 334, 266, 290, 122, 138, 98, 110, 186, 202, 146, 158 }),
  case("2x2 kernel, dilation 2, same", { 1, 4, 4, 1 }, { 2, 2, 1, 1 }, { dilation_rate = 2, padding = "same" },
    { 24, 43, 50, 21, 44, 78, 88, 36, 68, 118, 128, 52, 20, 31, 34, 11 }),
  case("stride 2 with dilation 2, same", { 1, 5, 5, 1 }, { 3, 3, 1, 1 },
    { strides = 2, dilation_rate = 2, padding = "same" }, { 228, 365, 248, 519, 777, 501, 304, 431, 260 }),
  case("stride 2 with dilation 2, valid", { 1, 6, 6, 1 }, { 3, 3, 1, 1 }, { strides = 2, dilation_rate = 2 }, { 903 }),
  case("unequal strides", { 1, 4, 5, 1 }, { 3, 3, 1, 1 }, { strides = { 1, 2 }, padding = "same" },
    { 128, 241, 184, 276, 456, 318, 441, 681, 453, 240, 352, 220 }),
}
