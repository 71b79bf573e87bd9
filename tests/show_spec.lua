-- show_spec.lua: dw.show: which tensors it takes, in which colours their numbers are, what is printed beside the pictures,
-- and errors. Pictures are read from what is printed, by terminals.lua; the encoders have show_screen_spec.lua.

local dw = require "dwconv"
local K = dw.backend
local support = require "support"
local terminal = require "dwconv.io.terminal"
local terminals = require "terminals"

local build = os.getenv "DWCONV_BUILD" or "./build"
local lua = arg and arg[-1] or "lua5.4"

-- What dw.show prints on a terminal of 80 columns and 24 rows, as half blocks if the options say nothing else.
local function shown(t, options)
  local printed = {}
  local _ <close> = support.with { print = function(...) printed[#printed + 1] = table.concat({ ... }, "\t") end }
  local _ <close> = support.field(terminal, "size", function() return 80, 24, 0, 0 end)
  options = options or {}
  options.graphics = options.graphics or "blocks"
  dw.show(t, options)
  assert.equal(1, #printed)
  return printed[1]
end

-- The lines of a text; the last, which says what was shown, apart.
local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  return lines, table.remove(lines)
end

-- A picture without labels as rows of colours, one for each number of (h,w): squares must be of one colour.
local function picture(t, options, h, w)
  local lines, caption = lines_of(shown(t, options))
  local rows = terminals.blocks(table.concat(lines, "\n"))
  local down, across = #rows // h, #rows[1] // w
  local small = {}
  for y = 1, h do
    small[y] = {}
    for x = 1, w do
      local first = rows[(y - 1) * down + 1][(x - 1) * across + 1]
      for i = 1, down do
        for k = 1, across do assert.equal(first, rows[(y - 1) * down + i][(x - 1) * across + k]) end
      end
      small[y][x] = first
    end
  end
  return small, caption
end

local function grey(v) return v * 0x010101 end

local BLACK <const>, WHITE <const>, MAGENTA <const>, GREEN <const> = 0, 0xFFFFFF, 0xFF00FF, 0x00C800

describe("dw.show: colours", function()
  it("uint8 is shown as it is, in grey and in colour", function()
    local t = dw.tensor({ { 0, 100, 255 }, { 7, 8, 9 } }, { dtype = "uint8" })
    local rows, caption = picture(t, nil, 2, 3)
    assert.same({ { 0, grey(100), WHITE }, { grey(7), grey(8), grey(9) } }, rows)
    assert.equal("2x3 uint8, 0 to 255", caption)
    t = dw.tensor({ { { 1, 2, 3 }, { 255, 0, 9 } } }, { dtype = "uint8" })
    assert.same({ { 0x010203, 0xFF0009 } }, (picture(t, nil, 1, 2)))
  end)

  it("says so where uint8 stays dark; a range, or each, spreads it", function()
    local t = dw.tensor({ { 0, 8, 16 } }, { dtype = "uint8" })
    local _, caption = picture(t, nil, 1, 3)
    assert.equal("1x3 uint8, 0 to 16 (shown as 0 to 255)", caption)
    assert.same({ { 0, grey(128), WHITE } }, (picture(t, { range = { 0, 16 } }, 1, 3)))
    assert.same({ { 0, grey(128), WHITE } }, (picture(t, { each = true }, 1, 3)))
  end)

  it("bool is black and white", function()
    local rows, caption = picture(dw.tensor { { true, false }, { false, false } }, nil, 2, 2)
    assert.same({ { WHITE, BLACK }, { BLACK, BLACK } }, rows)
    assert.equal("2x2 bool, false to true", caption)
  end)

  for _, dtype in ipairs { "float32", "float64", "int32", "int64" } do
    it(dtype .. " goes from its least to its greatest number", function()
      local t = dw.tensor({ { -3, -1 }, { 1, 2 } }, { dtype = dtype })
      local rows, caption = picture(t, nil, 2, 2)
      assert.same({ { BLACK, grey(102) }, { grey(204), WHITE } }, rows)
      assert.equal(("2x2 %s, -3 to 2"):format(dtype), caption)
      rows, caption = picture(t, { range = { -1, 1 } }, 2, 2)
      assert.same({ { BLACK, BLACK }, { WHITE, WHITE } }, rows)
      assert.equal(("2x2 %s, -3 to 2 (shown as -1 to 1)"):format(dtype), caption)
    end)
  end

  it("numbers that are all equal are seen beside 0; the widest range is no infinite one", function()
    assert.equal(BLACK, picture(dw.zeros { 2, 2 }, nil, 2, 2)[1][1])
    assert.equal(WHITE, picture(dw.ones { 2, 2 }, nil, 2, 2)[1][1])
    assert.equal(BLACK, picture(-dw.ones { 2, 2 }, nil, 2, 2)[1][1])
    local t = dw.tensor({ { -1.7e308, 0, 1.7e308 } }, { dtype = "float64" })
    assert.same({ { BLACK, grey(128), WHITE } }, (picture(t, nil, 1, 3)))
  end)

  it("NaN and infinite numbers have colours of their own and are counted; the others decide the range", function()
    local t = dw.tensor { { 0 / 0, 1, 2 }, { 1 / 0, -1 / 0, 3 } }
    local rows, caption = picture(t, nil, 2, 3)
    assert.same({ { MAGENTA, BLACK, grey(128) }, { GREEN, GREEN, WHITE } }, rows)
    assert.equal("2x3 float32, 1 to 3, 1 NaN (magenta), 2 infinite (green)", caption)
    caption = select(2, picture(dw.full({ 2, 2 }, 0 / 0), nil, 2, 2))
    assert.equal("2x2 float32, no finite number, 4 NaN (magenta)", caption)
    rows = picture(dw.tensor { { { 0, 0, 0 / 0 }, { 1, 0, 0.2 } } }, nil, 1, 2)
    assert.same({ { MAGENTA, 0xFF0033 } }, rows)
    assert.equal("picture 2x3 float32, 1 to 3, 1 NaN, 2 infinite", shown(t, { graphics = "none" }))
  end)

  it("one NaN is seen among many numbers, of which it takes nothing", function()
    local t = dw.ones { 300, 400 }
    t[{ 150, 200 }] = 0 / 0
    local lines = lines_of(shown(t, { range = { 0, 1 } }))
    local counts = {}
    for _, row in ipairs(terminals.blocks(table.concat(lines, "\n"))) do
      for _, colour in ipairs(row) do counts[colour] = (counts[colour] or 0) + 1 end
    end
    assert.is_true(counts[MAGENTA] >= 1 and counts[MAGENTA] <= 4)
    counts[MAGENTA] = nil
    assert.same({ WHITE }, { next(counts) and next(counts), next(counts, next(counts)) })
  end)

  it("kernels, and what is wanted so, diverge from white at 0", function()
    local t = dw.tensor { { -2, 0, 1 }, { 2, 0, -1 } }
    local rows = picture(t, { colours = "diverging" }, 2, 3)
    local red, blue = rows[2][1], rows[1][1]
    assert.is_true(red >> 16 > red & 255 and blue >> 16 < blue & 255)
    for _, x in ipairs { rows[1][2], rows[2][2] } do
      assert.is_true(x >> 16 >= 240 and x & 255 >= 240)
    end
    assert.same(rows, (picture(t:reshape { 2, 3, 1, 1 }, nil, 2, 3)))
    local heat = picture(dw.tensor { { 0, 1 } }, { colours = "heat" }, 1, 2)
    assert.is_true(heat[1][1] < 0x101010 and heat[1][2] > 0xE0E000)
  end)

  it("alpha lets squares of grey be seen", function()
    local t = dw.tensor({ { { 255, 0, 0, 255 }, { 255, 0, 0, 0 } } }, { dtype = "uint8" })
    local rows = terminals.blocks(table.concat(lines_of(shown(t)), "\n"))
    assert.equal(0xFF0000, rows[1][1])
    local other = rows[1][#rows[1]]
    assert.equal(grey(other & 255), other)
  end)
end)

describe("dw.show: tensors", function()
  it("takes views as they lie", function()
    local t = dw.tensor({ { 1, 2, 3 }, { 4, 5, 6 } }, { dtype = "uint8" }):transpose()
    assert.same({ { grey(1), grey(4) }, { grey(2), grey(5) }, { grey(3), grey(6) } }, (picture(t, nil, 3, 2)))
    local part = dw.arange(20, { dtype = "uint8" }):reshape({ 4, 5 })[{ { 2, 3 }, { 2, 4 } }]
    assert.same({ { grey(6), grey(7), grey(8) }, { grey(11), grey(12), grey(13) } }, (picture(part, nil, 2, 3)))
  end)

  it("channels come first where that is said, or set", function()
    local t = dw.tensor({ { { 1, 2 } }, { { 3, 4 } }, { { 5, 6 } } }, { dtype = "uint8" })
    local want = { { 0x010305, 0x020406 } }
    assert.same(want, (picture(t, { data_format = "channels_first" }, 1, 2)))
    local _ <close> = support.with { image_data_format = "channels_first" }
    assert.same(want, (picture(t, nil, 1, 2)))
    assert.same(want, (picture(t:expand_dims(1), { kind = "images" }, 1, 2)))
  end)

  -- The labels of a picture, line by line, and what stands below it.
  local function labels(t, options)
    options = options or {}
    options.graphics = "ascii"
    local lines, caption = lines_of(shown(t, options))
    local found = {}
    for _, line in ipairs(lines) do
      if line:find "%d" then found[#found + 1] = line:gsub("%s+", " ") end
    end
    return found, caption
  end

  it("tiles are numbered from 1, by what they are", function()
    local cases = {
      { { 8, 8, 5 }, "1 2 3 4 5", "8x8x5 float32, 0 to 0; tiles: channel" },
      { { 4, 8, 8, 1 }, "1 2 3 4", "4x8x8x1 float32, 0 to 0; tiles: sample" },
      { { 2, 8, 8, 3 }, "1 2", "2x8x8x3 float32, 0 to 0; tiles: sample" },
      { { 1, 8, 8, 2 }, "1 2", "1x8x8x2 float32, 0 to 0; tiles: channel" },
      { { 2, 12, 9, 2 }, "1,1 1,2 2,1 2,2", "2x12x9x2 float32, 0 to 0; tiles: sample,channel" },
      { { 3, 3, 2, 2 }, "1,1 2,1 1,2 2,2", "3x3x2x2 float32, 0 to 0; tiles: channel,m" },
      { { 3, 3, 4, 1 }, "1 2 3 4", "3x3x4x1 float32, 0 to 0; tiles: channel" },
      { { 3, 3, 1, 4 }, "1 2 3 4", "3x3x1x4 float32, 0 to 0; tiles: m" },
      { { 3, 3, 2, 2 }, "1,1 1,2 2,1 2,2 3,1 3,2", "3x3x2x2 float32, 0 to 0; tiles: sample,channel", { kind = "images" } },
      { { 2, 12, 9, 2 },
        "1,1 2,1 3,1 4,1 5,1 6,1 7,1 8,1 9,1 1,2 2,2 3,2 4,2 5,2 6,2 7,2 8,2 9,2",
        "2x12x9x2 float32, 0 to 0; tiles: channel,m", { kind = "kernel" } },
    }
    for _, case in ipairs(cases) do -- as many as there is room for
      local found, caption = labels(dw.zeros(case[1]), case[4])
      local all, left = table.concat(found, " "), caption:match "^%.%.%. and (%d+) more; "
      assert.equal(case[2], left and all:sub(1, #case[2]) or all)
      assert.equal(case[3], (caption:gsub("^%.%.%. and %d+ more; ", "")))
    end
  end)

  it("a line holds whole rows of channels", function()
    local found = labels(dw.zeros { 3, 3, 4, 9 })
    assert.is_true(#found > 1)
    for i, line in ipairs(found) do
      assert.truthy(line:find "^1,%d") -- the first channel
      if i < #found then assert.truthy(line:find "4,%d+ ?$") end
    end
  end)

  it("each tile is at its label, in its colours", function()
    local t = dw.arange(1, 7, { dtype = "uint8" }):reshape { 1, 1, 2, 3 } * 40 -- kernels of one number
    local lines = lines_of(shown(t, { colours = "grey" }))
    local want = { { 40, 160 }, { 80, 200 }, { 120, 240 } } -- by m, then channel
    local at, m = 0, 1
    assert.truthy(lines[1]:find("^1,1%s+2,1"))
    for label in lines[1]:gmatch "%d+,%d+" do
      local column = lines[1]:find(label, 1, true)
      local c, k = label:match "(%d+),(%d+)"
      local rows = terminals.blocks(lines[2])
      assert.equal(grey(want[tonumber(k)][tonumber(c)]), rows[1][column])
      at, m = at + 1, math.max(m, tonumber(k))
    end
    assert.is_true(at >= 4 and at % 2 == 0 and m == at // 2)
    local rows = terminals.blocks(lines[2])
    assert.is_false(rows[1][lines[1]:find("2,1", 1, true) - 1]) -- nothing between tiles
  end)

  it("tiles are scaled together, or each by itself", function()
    local t = dw.tensor { { { 0, 10, 4, 4, 4 }, { 1, 20, 4, 4, 4 } } } -- (1,2,5)
    local function first_row(options)
      local lines, caption = lines_of(shown(t, options))
      local row, ends = terminals.blocks(lines[2])[1], {}
      local second = lines[1]:find "2"
      ends[1], ends[2], ends[3] = row[1], row[second], row[second + second - 3]
      return ends, caption
    end
    assert.same({ BLACK, grey(128), WHITE }, (first_row()))
    local ends, caption = first_row { each = true }
    assert.same({ BLACK, BLACK, WHITE }, ends)
    assert.equal("1x2x5 float32, 0 to 20, each tile scaled by itself; tiles: channel", caption)
  end)

  it("those that have no room are counted", function()
    local found, caption = labels(dw.zeros { 500, 28, 28, 1 })
    local last = 0
    for _, line in ipairs(found) do
      for number in line:gmatch "%d+" do
        last = last + 1
        assert.equal(last, tonumber(number))
      end
    end
    assert.is_true(last > 4)
    assert.equal(("... and %d more; 500x28x28x1 float32, 0 to 0; tiles: sample"):format(500 - last), caption)
  end)

  it("no picture is larger than the terminal, or than width", function()
    for _, shape in ipairs { { 500, 3 }, { 3, 500 }, { 300, 451, 3 }, { 3, 3 }, { 60, 60, 40 }, { 3, 3, 64, 64 }, { 9, 40, 30, 3 } } do
      for _, graphics in ipairs { "blocks", "ascii" } do
        for _, width in ipairs { 80, 33, 200 } do
          local lines = lines_of(shown(dw.zeros(shape), { graphics = graphics, width = width }))
          assert.is_true(#lines <= 22)
          for _, line in ipairs(lines) do
            assert.is_true(utf8.len((line:gsub("\27%[[%d;]*m", ""))) <= math.min(width, 80))
          end
        end
      end
    end
  end)
end)

describe("dw.show: values", function()
  it("stand in the cells of the picture, black or white on the colour of each", function()
    local text = shown(dw.tensor { { 0, 0.4 }, { 1, -2 } }, { values = true })
    for number, colours in pairs { ["0.4"] = "0;0;0m\27[48;2;204;204;204m", ["-2"] = "255;255;255m\27[48;2;0;0;0m" } do
      local before = text:match("\27%[38;2;([%d;]*m\27%[48;2;[%d;]*m) *" .. number:gsub("%p", "%%%0"))
      assert.equal(colours, before)
    end
    local plain = text:gsub("\27%[[%d;]*m", "")
    assert.equal("   0  0.4 \n   1   -2 \n2x2 float32, -2 to 1", plain)
    assert.equal("   0  0.4 \n   1   -2 \n2x2 float32, -2 to 1",
      shown(dw.tensor { { 0, 0.4 }, { 1, -2 } }, { values = true, graphics = "ascii" }))
  end)

  it("stand in every tile, and below the picture if they are many", function()
    local text = shown(dw.arange(8, { dtype = "int32" }):reshape { 2, 2, 2, 1 }, { values = true, graphics = "ascii" })
    assert.equal(" 0  2   1  3 ", lines_of(text)[2])
    for _, shape in ipairs { { 100, 100 }, { 3, 3, 60, 1 } } do -- of the second, some have room
      local t = dw.zeros(shape)
      text = shown(t, { values = true })
      assert.equal(tostring(t), text:sub(-#tostring(t)))
      assert.truthy(text:find(("%s float32, 0 to 0"):format(t.shape), 1, true))
    end
  end)
end)

describe("dw.show: where it prints", function()
  it("is a line of text where standard output is no terminal, unless DWCONV_GRAPHICS says how to draw", function()
    local function run(environment)
      local process = io.popen(("env -u DWCONV_GRAPHICS LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' %s "
        .. "%s -e 'local dw = require \"dwconv\" dw.show(dw.zeros({ 3, 4, 3 }, { dtype = \"uint8\" }))' 2>&1 < /dev/null")
        :format(build, environment, lua))
      local text = process:read "a"
      process:close()
      return text
    end
    assert.equal("picture 3x4x3 uint8, 0 to 0 (shown as 0 to 255)\n", run "")
    assert.equal("picture 3x4x3 uint8, 0 to 0 (shown as 0 to 255)\n", run "NO_COLOR=1 TERM=xterm-kitty")
    local text = run "DWCONV_GRAPHICS=kitty"
    assert.equal("\27_Ga=T,f=24,", text:sub(1, 12))
    assert.truthy(run("DWCONV_GRAPHICS=bitmap"):find('show: DWCONV_GRAPHICS must be "kitty", "sixel"', 1, true))
  end)

  it("sixels and kitty's protocol have tiles at their labels, too", function()
    local t = dw.tensor({ 10, 20 }, { dtype = "uint8" }):reshape { 1, 1, 2 }
    for _, graphics in ipairs { "sixel", "kitty" } do
      local text = shown(t, { graphics = graphics })
      local labels, body = text:match "^(.-)\n(.*\27\\)\n"
      local rows = terminals[graphics](body)
      for i = 1, 2 do
        local x = (labels:find(tostring(i)) - 1) * 10 + 1 -- cells are taken for 10x20
        assert.is_true(math.abs((rows[1][x] & 255) - 10 * i) <= 2)
        assert.is_true(i == 1 or rows[1][x - 1] == false) -- nothing between tiles
      end
    end
  end)

  it("leaves no trace on a tape, and gives nothing", function()
    local x = dw.ones { 4, 5 }
    local y
    local tape = dw.record(function()
      y = K.sum(x * x)
      shown(x)
    end)
    assert.equal("tape of 2 calls", tostring(tape)) -- the product and the sum
    support.same(tape:gradients(y, x), 2 * x)
    local _ <close> = support.with { print = function() end }
    assert.equal(0, select("#", dw.show(x, { graphics = "none" })))
  end)
end)

describe("dw.show: errors", function()
  local function refuses(text, ...)
    local given = table.pack(...)
    local _ <close> = support.with { print = function() error "something was printed" end }
    support.refuses(function() dw.show(table.unpack(given, 1, given.n)) end, text)
  end

  it("say what was expected and what came, before anything is printed", function()
    local shapes = "show: t must be a tensor h,w, h,w,c, n,h,w,c or a kernel kh,kw,c,m, with at least one number, got "
    refuses("show: t must be a tensor, got nil")
    refuses("show: t must be a tensor, got {1}", { 1 })
    refuses(shapes .. "a float32 tensor ()", dw.tensor(3))
    refuses(shapes .. "a float32 tensor 4", dw.ones { 4 })
    refuses(shapes .. "a float32 tensor 1x2x1x2x1", dw.ones { 1, 2, 1, 2, 1 })
    refuses(shapes .. "a float32 tensor 0x3", dw.ones { 0, 3 })
    refuses("show: t must hold numbers, but it is symbolic: it is dw.Input, or made of it", dw.Input { 3, 3 })
    local x = dw.ones { 2, 2 }
    refuses('show: kind must be "images" or "kernel", got "image"; did you mean "images"?', x, { kind = "image" })
    refuses("show: kind is for a tensor of four axes, got a float32 tensor 2x2", x, { kind = "kernel" })
    refuses('show: colours must be "grey", "diverging" or "heat", got "gray"; did you mean "grey"?', x, { colours = "gray" })
    refuses('show: colours must be "grey" or "heat" for bool, got "diverging"', K.greater(x, 0), { colours = "diverging" })
    for _, range in ipairs { { 1, 1 }, { 2, 1 }, { 0, 1 / 0 }, { 0 / 0, 1 }, { 1 }, { "a", "b" } } do
      refuses("show: range must be a pair {least, greatest} of finite numbers, the first the smaller one, got {", x,
        { range = range })
    end
    refuses("show: width must be a whole number of at least 1, got 0", x, { width = 0 })
    refuses('show: graphics must be "kitty", "sixel", "blocks", "256", "ascii" or "none", got "png"', x, { graphics = "png" })
    refuses('show: unknown option "colour"; did you mean "colours"?', x, { colour = "grey" })
  end)
end)
