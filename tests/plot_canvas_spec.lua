-- plot_canvas_spec.lua: the three canvases of charts: SVG, pixels, text: that lines and bars are where they should be.

local dw = require "dwconv"
local raster = require "dwconv.plot.raster"
local reduce = require "dwconv.plot.reduce"
local support = require "support"
local text = require "dwconv.plot.text"
local xml = require "xml"

local BLUE <const> = { colour = 0x0000ff, symbol = 1, alone = true }

local function has_png() return (pcall(require, "dwconv.image")) end

-- Rows of a small picture as strings: "." white, "#" the colour, "+" between.
local function drawn(pixels)
  local lines = {}
  for y, row in ipairs(pixels:to_table()) do
    local line = {}
    for x, p in ipairs(row) do line[x] = p[1] == 255 and "." or p[1] == 0 and "#" or "+" end
    lines[y] = table.concat(line)
  end
  return lines
end

describe("pixels", function()
  it("of a horizontal line are full where it is, and nothing elsewhere", function()
    local c = raster.new(10, 6, 1)
    c.LINE = 2
    c:polyline({ 2, 3, 7, 3 }, BLUE)
    assert.same({ "..........", "..........", ".+#####+..", ".+#####+..", "..........", ".........." }, drawn(c:finish()))
  end)

  it("of a rectangle stand on whole pixels, at any scale, and within the picture", function()
    local c = raster.new(6, 3, 1)
    c:rect(1.2, 0.9, 2, 1.2, BLUE)
    assert.same({ "......", ".##...", "......" }, drawn(c:finish()))
    c = raster.new(3, 2, 2)
    c:rect(1, 0.5, 1, 1, BLUE)
    assert.same({ "......", "..##..", "..##..", "......" }, drawn(c:finish()))
    c = raster.new(3, 2, 1)
    c:rect(-5, -5, 100, 100, BLUE)
    assert.same({ "###", "###" }, drawn(c:finish()))
  end)

  it("of lines cover as much as the line is wide, in any direction", function()
    for _, to in ipairs { { 50, 20 }, { 20, 50 }, { 50, 50 }, { 45, 31 }, { 33, 5 } } do
      local c = raster.new(60, 60, 1)
      c:polyline({ 10, 10, to[1], to[2] }, BLUE)
      local ink = (255 - dw.backend.mean(dw.backend.cast(c:finish(), "float64"), { axis = { 1, 2 } })(1)) / 255 * 3600
      local length = math.sqrt((to[1] - 10) ^ 2 + (to[2] - 10) ^ 2)
      local want = length * c.LINE + math.pi * c.LINE ^ 2 / 4
      assert(math.abs(ink - want) < 0.06 * want, ("to %d, %d: %g, not %g"):format(to[1], to[2], ink, want))
    end
  end)

  it("of a joint are not darker than the line: parts that overlap count once", function()
    local one, many = raster.new(30, 30, 1), raster.new(30, 30, 1)
    one:polyline({ 5, 5, 25, 17 }, BLUE)
    local points = {}
    for i = 0, 40 do points[#points + 1], points[#points + 2] = 5 + i / 2, 5 + i * 0.3 end
    many:polyline(points, BLUE)
    local a, b = one:finish(), many:finish()
    assert.is_true(dw.close(dw.backend.cast(a, "float32"), dw.backend.cast(b, "float32"), { atol = 2 }))
  end)

  it("of a picture are its colours, block by block, and averages where it is larger", function()
    local c = raster.new(4, 4, 1)
    c:picture(0, 0, 4, 4, { lines = 2, columns = 2, 0xff0000, 0x00ff00, 0x0000ff, 0x000000 })
    local t = c:finish()
    assert.same({ 255, 0, 0 }, t(2, 2):to_table())
    assert.same({ 0, 255, 0 }, t(1, 3):to_table())
    assert.same({ 0, 0, 255 }, t(4, 1):to_table())
    c = raster.new(1, 1, 1)
    c:picture(0, 0, 1, 1, { lines = 1, columns = 2, 0xff0000, 0x0000ff })
    assert.same({ 128, 0, 128 }, c:finish()(1, 1):to_table())
  end)

  it("of texts lie within the box that the layout has measured, on the baseline", function()
    local c = raster.new(200, 40, 2)
    c:text(20, 20, "Hxnz 148", { role = "label", anchor = "start", colour = 0 })
    local box = c.boxes[1]
    local left, right, bottom = math.huge, 0, 0
    for y, row in ipairs(drawn(c:finish())) do
      local first = row:find "[#+]"
      if first then
        left, right, bottom = math.min(left, first), math.max(right, #row - row:reverse():find "[#+]" + 1), y
      end
    end
    assert.is_true(left / 2 >= box.x and right / 2 <= box.x + box.w)
    assert.is_true(bottom / 2 <= box.y + box.h)
    assert.is_true((right - left) / 2 > 0.8 * box.w)
  end)
end)

describe("lines that are reduced", function()
  it("keep the extremes of each column", function()
    local points, low, high = {}, {}, {}
    math.randomseed(3)
    for i = 1, 5000 do
      local x, y = i / 100, math.random()
      points[#points + 1], points[#points + 2] = x, y
      local column = x // 1
      low[column], high[column] = math.min(low[column] or 1, y), math.max(high[column] or 0, y)
    end
    local kept = reduce.columns(points, 1)
    assert.is_true(#kept <= 2 * 4 * 51)
    local got_low, got_high = {}, {}
    for k = 1, #kept, 2 do
      local column = kept[k] // 1
      got_low[column], got_high[column] = math.min(got_low[column] or 1, kept[k + 1]), math.max(got_high[column] or 0, kept[k + 1])
      assert.is_true(k == 1 or kept[k] >= kept[k - 2])
    end
    assert.same(low, got_low)
    assert.same(high, got_high)
  end)

  it("end at the edges of their area, by hand", function()
    local area = { x = 0, y = 0, w = 10, h = 10 }
    assert.same({ { 1, 1, 9, 9 } }, reduce.clipped({ 1, 1, 9, 9 }, area))
    assert.same({ { 5, 5, 5, 10 }, { 7, 10, 7, 5 } }, reduce.clipped({ 5, 5, 5, 20, 7, 20, 7, 5 }, area))
    assert.same({ { 0, 5, 10, 5 } }, reduce.clipped({ -5, 5, 15, 5 }, area))
    assert.same({}, reduce.clipped({ -5, -5, -1, 20 }, area))
  end)
end)

describe("text", function()
  it("of a line sets the braille dots that lie on it", function()
    for _, p in ipairs { { 0.25, 0.125, 9.75, 3.875 }, { 0.25, 3.875, 3.25, 0.125 }, { 5.25, 0.125, 5.25, 3.875 },
      { 2.25, 2.125, 2.25, 2.125 } } do
      local c = text.new(10, 4, false, true)
      c:polyline(p, BLUE)
      local want, steps = {}, 1000
      for i = 0, steps do -- every place that the line passes, and so every dot that may be set
        local x, y = p[1] + (p[3] - p[1]) * i / steps, p[2] + (p[4] - p[2]) * i / steps
        want[math.floor(4 * y) * 20 + math.floor(2 * x)] = true
      end
      local got, n = {}, 0
      local row = 0
      for line in (c:finish() .. "\n"):gmatch "(.-)\n" do
        local column = 0
        for _, code in utf8.codes(line) do
          local bits = code >= 0x2800 and code - 0x2800 or 0
          for dx = 0, 1 do
            for dy = 0, 3 do
              local bit = dy < 3 and 1 << (dy + 3 * dx) or 1 << (6 + dx)
              if bits & bit ~= 0 then
                got[(4 * row + dy) * 20 + 2 * column + dx], n = true, n + 1
              end
            end
          end
          column = column + 1
        end
        row = row + 1
      end
      for place in pairs(got) do assert(want[place], "a dot is not on the line: " .. place) end
      local long = math.max(math.abs(p[3] - p[1]) * 2, math.abs(p[4] - p[2]) * 4)
      assert(n >= math.floor(long + 0.5) + 1, ("%d dots are too few for %g"):format(n, long))
    end
  end)

  it("of bars ends in eighths, and reaches down from 0 for what is negative", function()
    local c = text.new(6, 4, true, true)
    c:rect(0, 4 - 2.5, 1, 2.5, BLUE, "up")
    c:rect(2, 0, 1, 1.5, BLUE, "down")
    c:rect(4, 3, 1.75, 1, BLUE, "right")
    local lines = {}
    for line in (c:finish():gsub("\27%[[%d;]*m", "") .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
    assert.same({ "  █", "▄ ▀", "█", "█   █▊" }, lines)
  end)

  it("has no control character of a label, and ASCII alone where Unicode is missing", function()
    local c = text.new(40, 1, false, false)
    c:text(0, 0.5, "a\27[31mb\n×10⁻¹² ö…", { role = "label" })
    assert.equal("a [31mb x10^-12 ?..", c:finish())
    c = text.new(40, 1, false, true)
    c:text(0, 0.5, "漢字\u{9b}ab\xff", { role = "label" })
    assert.is_nil(c:finish():find "\27")
    c = text.new(8, 1, false, true)
    c:text(0, 0.5, "漢字漢字漢字", { role = "label" })
    assert.equal("漢字漢字", c:finish())
  end)

  it("ends each line without colours: what follows a line is not in them", function()
    local c = text.new(12, 4, true, true)
    c:shade(1, 0, 3, 1, 0.5)
    c:text(2, 0.5, "7", { role = "tick", ink = 0xffffff })
    c:text(0, 1.5, "plain", { role = "tick" })
    c:rect(0, 2, 5, 1, BLUE)
    c:picture(0, 3, 12, 1, { lines = 1, columns = 1, 0xff0000 })
    for line in (c:finish() .. "\n"):gmatch "(.-)\n" do
      local state = ""
      for sequence in line:gmatch "\27%[([%d;]*)m" do state = sequence end
      assert(state == "" or state == "0", ("%q ends in %s"):format(line, state))
    end
  end)

  it("of lines without colours has a sign for each series", function()
    local c = text.new(8, 2, false, false)
    c:polyline({ 0.25, 0.5, 7.75, 0.5 }, { colour = 0, symbol = 1 })
    c:polyline({ 0.25, 1.5, 7.75, 1.5 }, { colour = 0, symbol = 2 })
    assert.equal("********\noooooooo", c:finish())
  end)
end)

describe("SVG", function()
  it("holds pictures that any reader of PNG reads", function()
    if not has_png() then return pending "this build has no PNG" end
    local picture = { lines = 200, columns = 150 } -- longer than one stored block
    for i = 1, 30000 do picture[i] = i * 547 % (1 << 24) end
    local coded = require("dwconv.plot.png").base64(picture)
    local bytes, letters = {}, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for four in coded:gmatch "...." do
      local n, padded = 0, select(2, four:gsub("=", ""))
      for k = 1, 4 do n = n << 6 | ((letters:find(four:sub(k, k), 1, true) or 1) - 1) end
      bytes[#bytes + 1] = (">I3"):pack(n):sub(1, 3 - padded)
    end
    local path = os.tmpname() .. ".png"
    local f = assert(io.open(path, "wb"))
    f:write(table.concat(bytes))
    f:close()
    local t = dw.io.image.read(path)
    os.remove(path)
    local want = {}
    for i = 1, 30000 do
      want[3 * i - 2], want[3 * i - 1], want[3 * i] = picture[i] >> 16, picture[i] >> 8 & 255, picture[i] & 255
    end
    support.same(t, dw.tensor(want, { dtype = "uint8" }):reshape { 200, 150, 3 })
  end)

  it("is read by a reader that refuses what is not well formed", function()
    for _, bad in ipairs { "<a>", "<a></b>", "<a b=1/>", "<a>&</a>", "<a>&x;</a>", 'x<a/>', '<a b="1" b="2"/>', "<a>\1</a>" } do
      assert.is_false((pcall(xml.elements, bad)), bad)
    end
    assert.same({ { name = "a", attributes = {}, text = "&<" }, { name = "b", attributes = { c = '"' } } },
      xml.elements '<a>&amp;&lt;<b c="&quot;"/></a>')
  end)
end)
